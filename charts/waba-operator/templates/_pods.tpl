{{/* What all pods of the release have: (dict "root" $) */}}
{{- define "waba-operator.podSettings" -}}
{{- $values := .root.Values -}}
serviceAccountName: {{ include "waba-operator.serviceAccountName" .root | quote }}
automountServiceAccountToken: {{ $values.automountServiceAccountToken }}
enableServiceLinks: {{ $values.enableServiceLinks }}
{{- with include "waba-operator.pullSecrets" .root | fromYamlArray }}
imagePullSecrets:
{{- toYaml . | nindent 0 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with $values.hostAliases }}
hostAliases:
{{- toYaml . | nindent 0 }}
{{- end }}
{{- if $values.hostNetwork }}
hostNetwork: true
{{- end }}
{{- with $values.dnsPolicy | default (ternary "ClusterFirstWithHostNet" "" $values.hostNetwork) }}
dnsPolicy: {{ . }}
{{- end }}
{{- with $values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
{{- toYaml . | nindent 0 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/*
The environment of the operator, of which an empty one is nothing: (dict "root" $ "resources" …). KUBERNETES_SERVICE_HOST is the API
server's address in every container.
*/}}
{{- define "waba-operator.env" -}}
{{- $values := .root.Values -}}
{{- if dig "limits" "memory" "" (.resources | default dict) }}
# The program keeps its memory below.
- name: WABA_OPERATOR_MEMORY_LIMIT
  valueFrom:
    resourceFieldRef:
      resource: limits.memory
{{- end }}
{{- if include "waba-operator.caVolume" .root }}
# A directory in addition to the certificates of the image.
- name: SSL_CERT_DIR
  value: /etc/waba-operator/ca
{{- end }}
{{- with $values.env }}
{{ toYaml . }}
{{- end }}
{{- with $values.proxy }}
{{- with .https }}
- name: HTTPS_PROXY
  value: {{ . | quote }}
{{- end }}
{{- with .http }}
- name: HTTP_PROXY
  value: {{ . | quote }}
{{- end }}
{{- if or .https .http .noProxy }}
- name: NO_PROXY
  value: {{ join "," (concat (list "$(KUBERNETES_SERVICE_HOST)" ".svc" ".cluster.local") (splitList "," .noProxy)) | trimSuffix "," | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The source of the volume with further authorities, or nothing. */}}
{{- define "waba-operator.caVolume" -}}
{{- with .Values.caBundle -}}
{{- $items := list (dict "key" .key "path" "ca.crt") -}}
{{- if .configMap -}}
{{- dict "configMap" (dict "name" .configMap "items" $items) | toYaml -}}
{{- else if .secret -}}
{{- dict "secret" (dict "secretName" .secret "items" $items) | toYaml -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Mounts and volumes of the operator's container that don't depend on what it does. */}}
{{- define "waba-operator.mounts" -}}
{{- if include "waba-operator.caVolume" . }}
- name: ca
  mountPath: /etc/waba-operator/ca
  readOnly: true
{{- end }}
{{- with .Values.volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}
{{- define "waba-operator.volumes" -}}
{{- with include "waba-operator.caVolume" . }}
- name: ca
  {{- . | nindent 2 }}
{{- end }}
{{- with .Values.volumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* A probe: (dict "root" $ "of" … "path" "/healthz") */}}
{{- define "waba-operator.probe" -}}
httpGet:
  {{- with .root.Values.listenAddress }}
  host: {{ . | quote }}
  {{- end }}
  path: {{ .path }}
  port: probes
{{- with omit .of "enabled" }}
{{ toYaml . }}
{{- end }}
{{- end -}}
