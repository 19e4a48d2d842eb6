{{/* The operator's flags. Each takes (dict "root" $ …) and gives a YAML list; an empty value leaves its flag out. */}}

{{- define "waba-operator.flags" -}}
{{- range $flag, $value := . -}}
{{- if not (has $value (list nil "" false)) }}
- {{ printf "--%s=%v" $flag (ternary ($value | int64) $value (kindIs "float64" $value)) | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The address to listen at for a port, or 0. */}}
{{- define "waba-operator.address" -}}
{{- if not .enabled -}}
0
{{- else if contains ":" .root.Values.listenAddress -}}
{{- printf "[%s]:%d" .root.Values.listenAddress (int .port) -}}
{{- else -}}
{{- printf "%s:%d" .root.Values.listenAddress (int .port) -}}
{{- end -}}
{{- end -}}

{{/* Those of every process of the release. */}}
{{- define "waba-operator.commonFlags" -}}
{{- with .root.Values -}}
{{- include "waba-operator.flags" (dict
  "health-probe-bind-address" (include "waba-operator.address" (dict "root" $.root "enabled" true "port" .probes.port))
  "log-format" .logFormat
  "log-level" .logLevel
  "metrics-bind-address" (include "waba-operator.address" (dict "root" $.root "enabled" .metrics.enabled "port" .metrics.port))
  "metrics-cert-file" (ternary "/etc/waba-operator/metrics/tls/tls.crt" "" (not (empty .metrics.tls.secretName)))
  "metrics-key-file" (ternary "/etc/waba-operator/metrics/tls/tls.key" "" (not (empty .metrics.tls.secretName)))
  "metrics-secure" (ternary "" "false" .metrics.secure)
  "namespaces" (join "," .namespaces)
  "pprof-bind-address" (ternary (printf "127.0.0.1:%d" (int .pprofPort)) "" (gt (int .pprofPort) 0))
  "watch-label-selector" $.selector
  "webhook-bind-address" (include "waba-operator.address" (dict "root" $.root "enabled" $.receives "port" .webhooks.port))
) -}}
{{- end -}}
{{- end -}}

{{/* Those of what talks to Meta. */}}
{{- define "waba-operator.controllerFlags" -}}
{{- with .root.Values }}
- --leader-elect
{{- include "waba-operator.flags" (dict
  "concurrency" .concurrency
  "graph-api-version" .graphAPIVersion
  "graph-base-url" (.graphBaseURL | default (include "waba-operator.simulatorURL" $.root))
  "graph-page-size" .graphPageSize
  "graph-timeout" .graphTimeout
  "leader-election-lease-duration" .leaderElectionLeaseDuration
  "leader-election-namespace" .leaderElectionNamespace
  "leader-election-renew-deadline" .leaderElectionRenewDeadline
  "leader-election-retry-period" .leaderElectionRetryPeriod
  "media-allow-private-addresses" .mediaAllowPrivateAddresses
  "metrics-per-resource" .metrics.perResource
  "max-observation-interval" .maxObservationInterval
  "min-observation-interval" .minObservationInterval
  "observation-interval" .observationInterval
  "read-only" .readOnly
  "template-creates-per-hour" .templateCreatesPerHour
  "webhook-url" (include "waba-operator.webhookURL" $.root)
) -}}
{{- end -}}
{{- end -}}

{{/* Those of what receives webhooks. */}}
{{- define "waba-operator.receiverFlags" -}}
{{- with .root.Values.webhooks -}}
{{- include "waba-operator.flags" (dict
  "webhook-cert-file" (ternary "/etc/waba-operator/webhooks/tls/tls.crt" "" (not (empty .tls.secretName)))
  "webhook-client-ca-file" (ternary (printf "/etc/waba-operator/webhooks/client-ca/%s" .tls.clientCAKey) "" (not (empty .tls.clientCAConfigMap)))
  "webhook-client-name" .tls.clientName
  "webhook-key-file" (ternary "/etc/waba-operator/webhooks/tls/tls.key" "" (not (empty .tls.secretName)))
  "webhook-relay-memory" .relayMemory
) -}}
{{- range .relay }}
- {{ printf "--webhook-relay=%s" . | quote }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* All flags of a Deployment of "waba-operator.deployments": (dict "root" $ "deployment" …) */}}
{{- define "waba-operator.args" -}}
{{- with .deployment -}}
{{- if not .controllers }}
- --controllers=false
{{- end }}
{{- include "waba-operator.commonFlags" (dict "root" $.root "selector" .selector "receives" .receives) }}
{{- if .controllers }}
{{- include "waba-operator.controllerFlags" $ }}
{{- end }}
{{- if .receives }}
{{- include "waba-operator.receiverFlags" $ }}
{{- end }}
{{- end }}
{{- with .root.Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end -}}
