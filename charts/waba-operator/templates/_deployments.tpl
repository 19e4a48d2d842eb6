{{/*
What runs, as a YAML list: one Deployment that does everything; or one for each shard, which only reconciles, and one that
only receives webhooks, as Meta's requests don't name the shard to which they belong.
*/}}
{{- define "waba-operator.deployments" -}}
{{- $fullname := include "waba-operator.fullname" . -}}
{{- with .Values -}}
{{- if not .shards }}
- name: {{ $fullname | quote }}
  component: controller
  replicas: {{ .replicas }}
  controllers: true
  receives: {{ .webhooks.enabled }}
  resources: {{ toJson .resources }}
{{- end }}
{{- range .shards }}
- name: {{ printf "%s-%s" $fullname .name | quote }}
  component: controller
  shard: {{ .name | quote }}
  selector: {{ .selector | quote }}
  replicas: {{ hasKey . "replicas" | ternary .replicas $.Values.replicas }}
  controllers: true
  receives: false
  resources: {{ .resources | default $.Values.resources | toJson }}
{{- end }}
{{- if and .shards .webhooks.enabled }}
- name: {{ $fullname }}-receiver
  component: receiver
  replicas: {{ .webhooks.receiver.replicas }}
  controllers: false
  receives: true
  resources: {{ .webhooks.receiver.resources | default .resources | toJson }}
{{- end }}
{{- end }}
{{- end -}}

{{/* What selects the pods of one Deployment: (dict "root" $ "deployment" …) */}}
{{- define "waba-operator.deploymentLabels" -}}
{{ include "waba-operator.selectorLabels" .root }}
app.kubernetes.io/component: {{ .deployment.component }}
{{- with .deployment.shard }}
whatsapp.waba-operator.io/shard: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* The pods of a Deployment, with podSpecExtra, which may only add to it. */}}
{{- define "waba-operator.podSpec" -}}
{{- $spec := include "waba-operator.ownPodSpec" . -}}
{{- $own := fromYaml $spec -}}
{{- range $field, $_ := .root.Values.podSpecExtra -}}
{{- if hasKey $own $field -}}{{- fail (printf "podSpecExtra.%s: the chart sets this field; use its own value" $field) -}}{{- end -}}
{{- end -}}
{{ $spec }}
{{- with .root.Values.podSpecExtra }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "waba-operator.ownPodSpec" -}}
{{- $values := .root.Values -}}
{{- $tls := ternary $values.webhooks.tls dict .deployment.receives -}}
{{ include "waba-operator.podSettings" . }}
terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
{{- with $values.topologySpreadConstraints }}
{{- $labels := include "waba-operator.deploymentLabels" $ | fromYaml }}
topologySpreadConstraints:
{{- range . }}
- {{ ternary . (merge (dict "labelSelector" (dict "matchLabels" $labels)) .) (hasKey . "labelSelector") | toYaml | nindent 2 | trim }}
{{- end }}
{{- end }}
{{- if or $values.simulator.enabled $values.extraInitContainers }}
initContainers:
{{- if $values.simulator.enabled }}
{{ include "waba-operator.simulator" .root }}
{{- end }}
{{- with $values.extraInitContainers }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}
containers:
- name: manager
  image: {{ include "waba-operator.image" .root | quote }}
  imagePullPolicy: {{ $values.image.pullPolicy }}
  args:
  {{- include "waba-operator.args" . | trim | nindent 2 }}
  {{- with include "waba-operator.env" (dict "root" .root "resources" .deployment.resources) | trim }}
  env:
  {{- . | nindent 2 }}
  {{- end }}
  ports:
  - name: probes
    containerPort: {{ $values.probes.port }}
  {{- if $values.metrics.enabled }}
  - name: metrics
    containerPort: {{ $values.metrics.port }}
  {{- end }}
  {{- if .deployment.receives }}
  - name: webhooks
    containerPort: {{ $values.webhooks.port }}
  {{- end }}
  {{- range list (list "startup" "/healthz") (list "liveness" "/healthz") (list "readiness" "/readyz") }}
  {{- $probe := get $values.probes (first .) }}
  {{- if $probe.enabled }}
  {{ first . }}Probe:
    {{- include "waba-operator.probe" (dict "root" $.root "of" $probe "path" (last .)) | nindent 4 }}
  {{- end }}
  {{- end }}
  {{- with .deployment.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  volumeMounts:
  - name: tmp
    mountPath: /tmp
  {{- if $values.metrics.tls.secretName }}
  - name: metrics-tls
    mountPath: /etc/waba-operator/metrics/tls
    readOnly: true
  {{- end }}
  {{- if $tls.secretName }}
  - name: webhook-tls
    mountPath: /etc/waba-operator/webhooks/tls
    readOnly: true
  {{- end }}
  {{- if $tls.clientCAConfigMap }}
  - name: webhook-client-ca
    mountPath: /etc/waba-operator/webhooks/client-ca
    readOnly: true
  {{- end }}
  {{- with include "waba-operator.mounts" .root | trim }}
  {{- . | nindent 2 }}
  {{- end }}
{{- with $values.extraContainers }}
{{ toYaml . }}
{{- end }}
volumes:
- name: tmp
  emptyDir:
    {{- with $values.tmpSizeLimit }}
    sizeLimit: {{ . | quote }}
    {{- end }}
{{- with $values.metrics.tls.secretName }}
- name: metrics-tls
  secret:
    secretName: {{ . | quote }}
{{- end }}
{{- with $tls.secretName }}
- name: webhook-tls
  secret:
    secretName: {{ . | quote }}
{{- end }}
{{- with $tls.clientCAConfigMap }}
- name: webhook-client-ca
  configMap:
    name: {{ . | quote }}
{{- end }}
{{- with include "waba-operator.volumes" .root | trim }}
{{ . }}
{{- end }}
{{- end -}}
