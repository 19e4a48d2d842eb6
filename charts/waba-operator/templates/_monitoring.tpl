{{/* Whether the release has a service account by whose token Prometheus reads secure metrics. */}}
{{- define "waba-operator.metricsReader" -}}
{{- with .Values.metrics -}}
{{- $needed := or (and .serviceMonitor.enabled (not .serviceMonitor.authorization)) (and .podMonitor.enabled (not .podMonitor.authorization)) -}}
{{- if and (include "waba-operator.metricsRoles" $) .rbac.createReader $needed -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{- define "waba-operator.metricsReaderName" -}}
{{- include "waba-operator.fullname" . }}-metrics-reader
{{- end -}}

{{/* The namespace of the ServiceMonitor or PodMonitor, in which Prometheus finds what that refers to. */}}
{{- define "waba-operator.monitorNamespace" -}}
{{- with .Values.metrics -}}
{{- (ternary .podMonitor .serviceMonitor .podMonitor.enabled).namespace | default (include "waba-operator.namespace" $) -}}
{{- end -}}
{{- end -}}

{{/*
What Prometheus needs to trust the operator's certificate. With metrics.tls.secretName the monitor's own tlsConfig completes it;
a certificate that the operator made when it started can't be verified.
*/}}
{{- define "waba-operator.scrapeTLS" -}}
{{- $metrics := .root.Values.metrics -}}
{{- $tls := dict "insecureSkipVerify" true -}}
{{- if $metrics.tls.secretName -}}
{{- $tls = dict
  "ca" (dict "secret" (dict "name" $metrics.tls.secretName "key" "ca.crt"))
  "serverName" (printf "%s-metrics.%s.svc" (include "waba-operator.fullname" .root) (include "waba-operator.namespace" .root)) -}}
{{- else if .of.tlsConfig -}}
{{- $tls = dict -}}
{{- end -}}
{{- range $field, $value := .of.tlsConfig -}}
{{- $_ := set $tls $field $value -}}
{{- end -}}
{{- toYaml $tls -}}
{{- end -}}

{{/*
The endpoint of a ServiceMonitor or PodMonitor: (dict "root" $ "of" <values of the monitor>). The labels namespace and name are those
of the account, not of the operator, so that alerts go to the account's owners: honorLabels keeps them.
*/}}
{{- define "waba-operator.endpoint" -}}
{{- $endpoint := dict "port" "metrics" "path" "/metrics" "interval" .of.interval "honorLabels" true -}}
{{- range list "scrapeTimeout" "relabelings" "metricRelabelings" -}}
{{- if get $.of . -}}{{- $_ := set $endpoint . (get $.of .) -}}{{- end -}}
{{- end -}}
{{- if .root.Values.metrics.secure -}}
{{- $_ := set $endpoint "scheme" "https" -}}
{{- $_ := set $endpoint "tlsConfig" (include "waba-operator.scrapeTLS" . | fromYaml) -}}
{{- if .of.authorization -}}
{{- $_ := set $endpoint "authorization" .of.authorization -}}
{{- else if include "waba-operator.metricsReader" .root -}}
{{- $token := dict "name" (printf "%s-token" (include "waba-operator.metricsReaderName" .root)) "key" "token" -}}
{{- $_ := set $endpoint "authorization" (dict "credentials" $token) -}}
{{- else if and .root.Values.metrics.serviceMonitor.enabled (not .of.scrapeClass) -}}
{{- $_ := set $endpoint "bearerTokenFile" "/var/run/secrets/kubernetes.io/serviceaccount/token" -}}
{{- end -}}
{{- end -}}
{{- range $field, $value := .of.endpointAdditionalProperties -}}
{{- $_ := set $endpoint $field $value -}}
{{- end -}}
{{- toYaml $endpoint -}}
{{- end -}}

{{/* The beginning of a monitor: (dict "root" $ "kind" … "of" <values of the monitor>) */}}
{{- define "waba-operator.monitor" -}}
{{- $namespace := include "waba-operator.monitorNamespace" .root -}}
apiVersion: monitoring.coreos.com/v1
kind: {{ .kind }}
metadata:
  name: {{ include "waba-operator.fullname" .root | quote }}
  {{- include "waba-operator.metadata" (dict "root" .root "namespace" $namespace "labels" .of.labels "annotations" .of.annotations) | trim | nindent 2 }}
spec:
  {{- with .of.jobLabel }}
  jobLabel: {{ . | quote }}
  {{- end }}
  {{- with .of.scrapeClass }}
  scrapeClass: {{ . | quote }}
  {{- end }}
  {{- if ne $namespace (include "waba-operator.namespace" .root) }}
  namespaceSelector:
    matchNames:
    - {{ include "waba-operator.namespace" .root | quote }}
  {{- end }}
{{- end -}}

{{/* The groups of the PrometheusRule, as YAML. */}}
{{- define "waba-operator.ruleGroups" -}}
{{- $values := .Values.metrics.prometheusRule -}}
{{- $groups := list -}}
{{- $alerts := list -}}
{{- $limited := list -}}
{{- range $group := (.Files.Get "files/rules.yaml" | fromYaml).groups -}}
{{- $rules := list -}}
{{- range $rule := $group.rules -}}
{{- if $rule.alert -}}
{{- $alerts = append $alerts $rule.alert -}}
{{- $custom := get $values.customRules $rule.alert | default dict -}}
{{- if hasKey $rule "threshold" -}}
{{- $limited = append $limited $rule.alert -}}
{{- $_ := set $rule "expr" (replace "$threshold" (hasKey $custom "threshold" | ternary $custom.threshold $rule.threshold | toString) $rule.expr) -}}
{{- $_ := unset $rule "threshold" -}}
{{- end -}}
{{- with $custom.for -}}{{- $_ := set $rule "for" . -}}{{- end -}}
{{- with $custom.severity -}}{{- $_ := set $rule.labels "severity" . -}}{{- end -}}
{{- $_ := merge $rule.labels $values.additionalRuleLabels -}}
{{- $_ := merge $rule.annotations $values.additionalRuleAnnotations -}}
{{- end -}}
{{- if not (and $rule.alert (get $values.disabled $rule.alert)) -}}
{{- $rules = append $rules $rule -}}
{{- end -}}
{{- end -}}
{{- if $rules -}}
{{- $groups = append $groups (dict "name" $group.name "rules" $rules) -}}
{{- end -}}
{{- end -}}
{{- range $value, $names := dict "disabled" (keys $values.disabled) "customRules" (keys $values.customRules) -}}
{{- range $names -}}
{{- if not (has . $alerts) -}}{{- fail (printf "metrics.prometheusRule.%s: there is no alert %s; the alerts are %s" $value . (join ", " $alerts)) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- range $name, $custom := $values.customRules -}}
{{- if and (hasKey $custom "threshold") (not (has $name $limited)) -}}
{{- fail (printf "metrics.prometheusRule.customRules: %s has no threshold; those that have one are %s" $name (join ", " $limited)) -}}
{{- end -}}
{{- end -}}
{{- toYaml (dict "groups" $groups) -}}
{{- end -}}

{{/* Combinations of the values of metrics that the schema can't refuse. */}}
{{- define "waba-operator.validateMetrics" -}}
{{- with .Values.metrics -}}
{{- if and (or .serviceMonitor.enabled .podMonitor.enabled) (not .enabled) -}}{{- fail "metrics.serviceMonitor and metrics.podMonitor need metrics.enabled" -}}{{- end -}}
{{- if and .serviceMonitor.enabled .podMonitor.enabled -}}{{- fail "metrics.serviceMonitor and metrics.podMonitor do the same: enable one" -}}{{- end -}}
{{- if and .perResource (not .enabled) -}}{{- fail "metrics.perResource needs metrics.enabled" -}}{{- end -}}
{{- if and .tls.secretName (not (and .enabled .secure)) -}}{{- fail "metrics.tls.secretName needs metrics.enabled and metrics.secure" -}}{{- end -}}
{{- $pod := .podMonitor -}}
{{- if and $pod.enabled .secure (not (or (include "waba-operator.metricsReader" $) $pod.authorization $pod.scrapeClass $pod.endpointAdditionalProperties)) -}}
{{- fail "metrics.podMonitor needs a token for secure metrics: set metrics.podMonitor.authorization, such as {credentials: {name: my-secret, key: token}}, or let the chart create one with rbac.create, metrics.rbac.create and metrics.rbac.createReader" -}}
{{- end -}}
{{- range $name, $monitor := dict "serviceMonitor" .serviceMonitor "podMonitor" .podMonitor -}}
{{- if and $monitor.enabled $.Values.metrics.tls.secretName (not $monitor.tlsConfig) (ne (include "waba-operator.namespace" $) ($monitor.namespace | default (include "waba-operator.namespace" $))) -}}
{{- fail (printf "metrics.%s.namespace needs metrics.%s.tlsConfig with the authority of metrics.tls.secretName: Prometheus reads it in that namespace" $name $name) -}}
{{- end -}}
{{- end -}}
{{- if and .grafanaDashboard.enabled (not .grafanaDashboard.instanceSelector) -}}
{{- fail "metrics.grafanaDashboard needs instanceSelector: the labels of the Grafana that imports it, such as {matchLabels: {dashboards: grafana}}" -}}
{{- end -}}
{{- end -}}
{{- end -}}
