{{- define "operator.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "operator.selector" -}}
app.kubernetes.io/name: resume-matcher-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "operator.labels" -}}
{{ include "operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: resume-matcher
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "operator.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "operator.name" .) -}}
{{- end -}}

{{- define "operator.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- /* The rights that the operator needs where the installations are. */ -}}
{{- define "operator.rules" -}}
# Reads installations, and sets the finalizer on them.
- apiGroups: [resumematcher.io]
  resources: [resumematchers]
  verbs: [get, list, watch, patch]
# Carries out backups and restores that are asked for; a restore has a finalizer, so that the installation is opened
# before it vanishes.
- apiGroups: [resumematcher.io]
  resources: [resumematcherbackups, resumematcherrestores]
  verbs: [get, list, watch, patch]
# Reports what it sees.
- apiGroups: [resumematcher.io]
  resources: [resumematchers/status, resumematcherbackups/status, resumematcherrestores/status]
  verbs: [patch]
# Makes credentials, and reads those of external services; watches their metadata for changes.
# Makes configuration, volumes, addresses and identities. Volumes and credentials are deleted only under
# `deletionPolicy: Delete`.
- apiGroups: [""]
  resources: [secrets, configmaps, persistentvolumeclaims, services, serviceaccounts]
  verbs: [get, list, watch, create, patch, delete]
# Tells why a pod does not start.
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
# Reads which migrations a version brings, as its plan Job prints them.
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
# Runs API, worker and the embedded data services, and keeps what makes each release.
- apiGroups: [apps]
  resources: [deployments, statefulsets, controllerrevisions]
  verbs: [get, list, watch, create, patch, delete]
# Runs migrations, backups and restores.
- apiGroups: [batch]
  resources: [jobs, cronjobs]
  verbs: [get, list, watch, create, patch, delete]
# Lets the API follow its load, and the workers the queue.
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch, delete]
# Scales workers between none and one, which an autoscaler cannot.
- apiGroups: [apps]
  resources: [deployments/scale]
  verbs: [get, patch]
# Lets KEDA scale the workers, where it is installed and asked for.
- apiGroups: [keda.sh]
  resources: [scaledobjects]
  verbs: [get, create, patch, delete]
# Protects pods against drains.
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
# Lets people in, and everything else stay out.
- apiGroups: [networking.k8s.io]
  resources: [ingresses, networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
# Tells people what happens.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{- /* The Service by which the API server reaches the metrics adapter. */ -}}
{{- define "operator.adapter" -}}
{{- printf "%s-adapter" (include "operator.name" .) -}}
{{- end -}}
