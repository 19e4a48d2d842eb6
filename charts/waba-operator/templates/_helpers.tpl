{{/* Names leave room for the longest suffix, as a Service's name may have 63 characters. */}}
{{- define "waba-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "waba-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "waba-operator.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "waba-operator.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "waba-operator.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace -}}
{{- end -}}

{{- define "waba-operator.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary (include "waba-operator.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "waba-operator.image" -}}
{{- include "waba-operator.imageOf" (dict "root" . "image" .Values.image) -}}
{{- end -}}

{{/*
An image: (dict "root" $ "image" <registry, repository, tag, digest>). What precedes the first slash of the repository is a registry if
it has a dot or a port, or is localhost.
*/}}
{{- define "waba-operator.imageOf" -}}
{{- $name := .image.repository -}}
{{- with .image.registry | default .root.Values.global.imageRegistry -}}
{{- $name = printf "%s/%s" (trimSuffix "/" .) (regexReplaceAll "^(localhost|[^/]*[.:][^/]*)/" $name "") -}}
{{- end -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $name .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (.image.tag | default .root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* The secrets for pulling images, as a YAML list. Charts of charts write names, or objects as Kubernetes does. */}}
{{- define "waba-operator.pullSecrets" -}}
{{- $secrets := list -}}
{{- range concat .Values.image.pullSecrets (.Values.global.imagePullSecrets | default list) -}}
{{- $secrets = append $secrets (kindIs "string" . | ternary (dict "name" .) .) -}}
{{- end -}}
{{- uniq $secrets | toYaml -}}
{{- end -}}

{{/* What selects the operator's pods, and nothing else of the release. It can't be changed by an upgrade. */}}
{{- define "waba-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "waba-operator.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* The labels of an object: its own, then commonLabels, then those that every object of a release has. */}}
{{- define "waba-operator.labels" -}}
{{- $all := dict
  "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
  "app.kubernetes.io/version" (.root.Chart.AppVersion | replace "+" "_")
  "app.kubernetes.io/managed-by" .root.Release.Service
  "app.kubernetes.io/part-of" "waba-operator" -}}
{{- merge (include "waba-operator.selectorLabels" .root | fromYaml) (.labels | default dict) .root.Values.commonLabels $all | toYaml -}}
{{- end -}}

{{/*
The metadata of an object but its name: (dict "root" $ "labels" … "annotations" … "namespace" …), of which all but root may be
absent.
*/}}
{{- define "waba-operator.metadata" -}}
{{- with .namespace }}
namespace: {{ . | quote }}
{{- end }}
labels:
  {{- include "waba-operator.labels" . | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The rules of a role that this project generates or ships. */}}
{{- define "waba-operator.rules" -}}
{{- (.root.Files.Get (printf "files/rbac/%s.yaml" .role) | fromYaml).rules | toYaml -}}
{{- end -}}

{{- define "waba-operator.subject" -}}
- kind: ServiceAccount
  name: {{ include "waba-operator.serviceAccountName" . | quote }}
  namespace: {{ include "waba-operator.namespace" . | quote }}
{{- end -}}

{{/* Whether clients of the metrics are authenticated, which needs cluster-wide permissions. */}}
{{- define "waba-operator.metricsRoles" -}}
{{- with .Values.metrics -}}
{{- if and $.Values.rbac.create .enabled .secure .rbac.create -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{/* Host and path of webhooks.url. */}}
{{- define "waba-operator.webhookHost" -}}
{{- regexReplaceAll ":[0-9]+$" (urlParse .Values.webhooks.url).host "" -}}
{{- end -}}
{{- define "waba-operator.webhookPath" -}}
{{- (urlParse .Values.webhooks.url).path | trimSuffix "/" -}}
{{- end -}}

{{/* Combinations of values that the schema can't refuse. */}}
{{- define "waba-operator.validate" -}}
{{- $names := list "receiver" -}}
{{- $selectors := list -}}
{{- range .Values.shards -}}
{{- if has .name $names -}}{{- fail (printf "shards: the name %q is taken" .name) -}}{{- end -}}
{{- if has .selector $selectors -}}{{- fail (printf "shards: two have the selector %q" .selector) -}}{{- end -}}
{{- $names = append $names .name -}}
{{- $selectors = append $selectors .selector -}}
{{- end -}}
{{- include "waba-operator.validateMetrics" . -}}
{{- include "waba-operator.validateSimulator" . -}}
{{- with .Values.webhooks -}}
{{- range $what, $enabled := dict "ingress" .ingress.enabled "httpRoute" .httpRoute.enabled -}}
{{- if $enabled -}}
{{- if not $.Values.webhooks.enabled -}}{{- fail (printf "webhooks.%s needs webhooks.enabled" $what) -}}{{- end -}}
{{- if not $.Values.webhooks.url -}}{{- fail (printf "webhooks.%s needs webhooks.url, such as https://hooks.acme.example" $what) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .httpRoute.enabled (not .httpRoute.parentRefs) -}}{{- fail "webhooks.httpRoute needs parentRefs: the Gateway that it belongs to" -}}{{- end -}}
{{- if and .tls.clientCAConfigMap (not .tls.secretName) -}}{{- fail "webhooks.tls.clientCAConfigMap needs webhooks.tls.secretName" -}}{{- end -}}
{{- end -}}
{{- range .Values.extraObjects -}}
{{- if and (kindIs "string" .) (regexMatch "(^|[^\"`])\\{\\{-? *[0-9]+ *-?\\}\\}" .) -}}{{- fail "extraObjects: a text is a template, so {{1}} would become 1: write the object as a map" -}}{{- end -}}
{{- end -}}
{{- end -}}
