package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// pkiRequest says which keys a cluster needs; it is read as JSON from standard input.
type pkiRequest struct {
	// Dir receives ca.crt, ca.key, sa.key, sa.pub and NAME.crt, NAME.key of each certificate.
	Dir string `json:"dir"`
	// Certificates that components read as files.
	Certificates []certificateRequest `json:"certificates"`
	// Kubeconfigs, each with a client certificate of its own inside.
	Kubeconfigs []kubeconfigRequest `json:"kubeconfigs"`
}

type certificateRequest struct {
	Name string `json:"name"`
	// User and Groups are the common name and the organisations, as Kubernetes reads them.
	User   string   `json:"user"`
	Groups []string `json:"groups"`
	// Hosts are the DNS names and addresses that it is valid for.
	Hosts []string `json:"hosts"`
}

type kubeconfigRequest struct {
	Path   string   `json:"path"`
	Server string   `json:"server"`
	User   string   `json:"user"`
	Groups []string `json:"groups"`
	// Context names cluster, user and context in it.
	Context string `json:"context"`
}

// validity of the certificates: a test cluster does not live that long.
const validity = 365 * 24 * time.Hour

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

// makePKI makes a certificate authority and all that it signs, anew.
func makePKI([]string) error {
	var wanted pkiRequest
	if err := json.NewDecoder(os.Stdin).Decode(&wanted); err != nil {
		return err
	}
	if err := os.MkdirAll(wanted.Dir, 0o700); err != nil {
		return err
	}
	ca, err := newAuthority(wanted.Dir)
	if err != nil {
		return err
	}
	if err := makeServiceAccountKey(wanted.Dir); err != nil {
		return err
	}
	for _, certificate := range wanted.Certificates {
		cert, key, err := ca.issue(certificate)
		if err != nil {
			return fmt.Errorf("certificate %s: %w", certificate.Name, err)
		}
		if err := writePair(filepath.Join(wanted.Dir, certificate.Name), cert, key); err != nil {
			return err
		}
	}
	for _, kubeconfig := range wanted.Kubeconfigs {
		if err := ca.writeKubeconfig(kubeconfig); err != nil {
			return fmt.Errorf("kubeconfig %s: %w", kubeconfig.Path, err)
		}
	}
	return nil
}

func newAuthority(dir string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := template("test-cluster-ca", nil)
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	encodedKey, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return &authority{certificate, key, encoded}, writePair(filepath.Join(dir, "ca"), encoded, encodedKey)
}

func (a *authority) issue(wanted certificateRequest) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := template(wanted.User, wanted.Groups)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(wanted.Hosts) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, host := range wanted.Hosts {
		if address := net.ParseIP(host); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, private.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	key, err = encodeKey(private)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), key, err
}

func (a *authority) writeKubeconfig(wanted kubeconfigRequest) error {
	certificate, key, err := a.issue(certificateRequest{User: wanted.User, Groups: wanted.Groups})
	if err != nil {
		return err
	}
	config := clientcmdapi.NewConfig()
	config.Clusters[wanted.Context] = &clientcmdapi.Cluster{Server: wanted.Server, CertificateAuthorityData: a.pem}
	config.AuthInfos[wanted.Context] = &clientcmdapi.AuthInfo{ClientCertificateData: certificate, ClientKeyData: key}
	config.Contexts[wanted.Context] = &clientcmdapi.Context{Cluster: wanted.Context, AuthInfo: wanted.Context}
	config.CurrentContext = wanted.Context
	return clientcmd.WriteToFile(*config, wanted.Path)
}

func template(user string, groups []string) *x509.Certificate {
	// An hour back, because clocks of machines differ.
	begin := time.Now().Add(-time.Hour)
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		// The kernel's random source does not fail once it is up.
		panic(err)
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: user, Organization: groups},
		NotBefore:    begin,
		NotAfter:     begin.Add(validity),
	}
}

func makeServiceAccountKey(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	private, err := encodeKey(key)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "sa.key"), private, 0o600); err != nil {
		return err
	}
	encoded := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	return os.WriteFile(filepath.Join(dir, "sa.pub"), encoded, 0o644)
}

func encodeKey(key crypto.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func writePair(base string, certificate, key []byte) error {
	if err := os.WriteFile(base+".key", key, 0o600); err != nil {
		return err
	}
	return os.WriteFile(base+".crt", certificate, 0o644)
}
