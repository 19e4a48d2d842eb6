{{/*
What runs, as a YAML list: one Deployment that does everything; or one for each shard, which only reconciles, and one that
only receives webhooks, as Meta's requests don't name the shard to which they belong.
*/}}
{{- define "waba-operator.deployments" -}}
{{- $fullname := include "waba-operator.fullname" . -}}
{{- with .Values -}}
{{- if not .shards }}
- name: {{ $fullname }}
  component: controller
  replicas: {{ .replicas }}
  controllers: true
  receives: {{ .webhooks.enabled }}
  resources: {{ toJson .resources }}
{{- end }}
{{- range .shards }}
- name: {{ printf "%s-%s" $fullname .name }}
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

{{- define "waba-operator.podSpec" -}}
{{- $values := .root.Values -}}
{{- $tls := ternary $values.webhooks.tls dict .deployment.receives -}}
serviceAccountName: {{ include "waba-operator.serviceAccountName" .root }}
{{- with $values.image.pullSecrets }}
imagePullSecrets:
{{- toYaml . | nindent 0 }}
{{- end }}
terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
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
{{- with $values.topologySpreadConstraints }}
{{- $labels := include "waba-operator.deploymentLabels" $ | fromYaml }}
topologySpreadConstraints:
{{- range . }}
- {{ ternary . (merge (dict "labelSelector" (dict "matchLabels" $labels)) .) (hasKey . "labelSelector") | toYaml | nindent 2 | trim }}
{{- end }}
{{- end }}
containers:
- name: manager
  image: {{ include "waba-operator.image" .root }}
  imagePullPolicy: {{ $values.image.pullPolicy }}
  args:
  {{- include "waba-operator.args" . | trim | nindent 2 }}
  {{- $limited := dig "limits" "memory" "" (.deployment.resources | default dict) }}
  {{- if or $limited $values.env }}
  env:
  {{- if $limited }}
  # The program keeps its memory below.
  - name: WABA_OPERATOR_MEMORY_LIMIT
    valueFrom:
      resourceFieldRef:
        resource: limits.memory
  {{- end }}
  {{- with $values.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
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
  livenessProbe:
    httpGet:
      {{- with $values.listenAddress }}
      host: {{ . | quote }}
      {{- end }}
      path: /healthz
      port: probes
    {{- with $values.probes.liveness }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  readinessProbe:
    httpGet:
      {{- with $values.listenAddress }}
      host: {{ . | quote }}
      {{- end }}
      path: /readyz
      port: probes
    {{- with $values.probes.readiness }}
    {{- toYaml . | nindent 4 }}
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
  {{- with $values.volumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumes:
- name: tmp
  emptyDir:
    {{- with $values.tmpSizeLimit }}
    sizeLimit: {{ . }}
    {{- end }}
{{- with $tls.secretName }}
- name: webhook-tls
  secret:
    secretName: {{ . }}
{{- end }}
{{- with $tls.clientCAConfigMap }}
- name: webhook-client-ca
  configMap:
    name: {{ . }}
{{- end }}
{{- with $values.volumes }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end -}}
