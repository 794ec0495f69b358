package main

import (
	"flag"
	"net"
	"time"

	corev1 "k8s.io/api/core/v1"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	genericserver "k8s.io/apiserver/pkg/server"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	utilcompatibility "k8s.io/apiserver/pkg/util/compatibility"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/component-base/compatibility"
	generatedopenapi "k8s.io/kubernetes/pkg/generated/openapi"
	"sigs.k8s.io/metrics-server/pkg/api"
	"sigs.k8s.io/metrics-server/pkg/scraper/client"
	"sigs.k8s.io/metrics-server/pkg/server"
)

// metricResolution is how often kubelet is asked; metrics-server refuses less than ten seconds.
const metricResolution = 10 * time.Second

// runMetricsServer runs metrics-server until a signal ends it. It puts the server together as metrics-server's own
// command does, but with Kubernetes' OpenAPI definitions: those that metrics-server carries need a newer client library
// than the rest of this program, and with them every Kubernetes library would be compiled twice.
func runMetricsServer(args []string) error {
	flags := flag.NewFlagSet("metrics-server", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig file")
	address := flags.String("bind-address", "", "address to listen on")
	port := flags.Int("secure-port", 4443, "port to listen on")
	certificates := flags.String("cert-dir", "", "folder of its self-signed certificate")
	if err := flags.Parse(args); err != nil {
		return err
	}
	apiConfig, err := metricsAPIConfig(*kubeconfig, *address, *port, *certificates)
	if err != nil {
		return err
	}
	restConfig, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	restConfig.ContentType = "application/vnd.kubernetes.protobuf"
	if err := rest.SetKubernetesDefaults(restConfig); err != nil {
		return err
	}
	// Kubelet's certificate is signed by the cluster's authority, which the kubeconfig names too.
	kubelet := &client.KubeletClientConfig{
		AddressTypePriority: []corev1.NodeAddressType{corev1.NodeInternalIP},
		Scheme:              "https",
		DefaultPort:         10250,
		Client:              *rest.CopyConfig(restConfig),
	}
	complete, err := server.Config{
		Apiserver:        apiConfig,
		Rest:             restConfig,
		Kubelet:          kubelet,
		MetricResolution: metricResolution,
		ScrapeTimeout:    metricResolution * 9 / 10,
	}.Complete()
	if err != nil {
		return err
	}
	return complete.RunUntil(genericserver.SetupSignalHandler())
}

func metricsAPIConfig(kubeconfig, address string, port int, certificates string) (*genericserver.Config, error) {
	serving := genericoptions.NewSecureServingOptions().WithLoopback()
	serving.BindAddress = net.ParseIP(address)
	serving.BindPort = port
	serving.ServerCert.CertDirectory = certificates
	if err := serving.MaybeDefaultWithSelfSignedCerts("localhost", nil, []net.IP{serving.BindAddress}); err != nil {
		return nil, err
	}
	versions := compatibility.NewComponentGlobalsRegistry()
	runOptions := genericoptions.NewServerRunOptionsForComponent("metrics server", versions)
	if err := versions.Set(); err != nil {
		return nil, err
	}
	config := genericserver.NewConfig(api.Codecs)
	if err := runOptions.ApplyTo(config); err != nil {
		return nil, err
	}
	if err := serving.ApplyTo(&config.SecureServing, &config.LoopbackClientConfig); err != nil {
		return nil, err
	}
	authentication := genericoptions.NewDelegatingAuthenticationOptions()
	authentication.RemoteKubeConfigFile = kubeconfig
	if err := authentication.ApplyTo(&config.Authentication, config.SecureServing, nil); err != nil {
		return nil, err
	}
	authorization := genericoptions.NewDelegatingAuthorizationOptions()
	authorization.RemoteKubeConfigFile = kubeconfig
	if err := authorization.ApplyTo(&config.Authorization); err != nil {
		return nil, err
	}
	namer := openapinamer.NewDefinitionNamer(api.Scheme)
	config.OpenAPIConfig = genericserver.DefaultOpenAPIConfig(generatedopenapi.GetOpenAPIDefinitions, namer)
	config.OpenAPIV3Config = genericserver.DefaultOpenAPIV3Config(generatedopenapi.GetOpenAPIDefinitions, namer)
	config.EffectiveVersion = utilcompatibility.DefaultBuildEffectiveVersion()
	return config, nil
}
