{{/* The simulator of Meta's Graph API, in the operator's pod: everything about it that isn't a value. */}}

{{- define "waba-operator.simulatorURL" -}}
{{- if .Values.simulator.enabled -}}{{- printf "http://127.0.0.1:%d" (int .Values.simulator.port) -}}{{- end -}}
{{- end -}}

{{/* The public address of the receiver, which only the simulator knows: callbacks must be https, and no certificate exists. */}}
{{- define "waba-operator.webhookURL" -}}
{{- with .Values -}}
{{- if .webhooks.enabled -}}
{{- .webhooks.url | default (ternary "https://webhooks.simulator.example" "" .simulator.enabled) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* It starts before the operator, and ends after it. */}}
{{- define "waba-operator.simulator" -}}
{{- with .Values.simulator -}}
- name: simulator
  restartPolicy: Always
  image: {{ include "waba-operator.imageOf" (dict "root" $ "image" .image) | quote }}
  imagePullPolicy: {{ .image.pullPolicy }}
  args:
  - simulate
  - {{ printf "--address=127.0.0.1:%d" (int .port) | quote }}
  - {{ printf "--review-delay=%s" .reviewDelay | quote }}
  {{- if $.Values.webhooks.enabled }}
  - --webhooks
  - {{ printf "--map-callback=%s=http://%s" (include "waba-operator.webhookURL" $ | urlParse).host
      (include "waba-operator.simulatorReceiver" $) | quote }}
  {{- end }}
  {{- with .extraArgs }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with .resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $.Values.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Where the simulator reaches the receiver. */}}
{{- define "waba-operator.simulatorReceiver" -}}
{{- with .Values -}}
{{- $host := .listenAddress | default "127.0.0.1" -}}
{{- printf "%s:%d" (contains ":" $host | ternary (printf "[%s]" $host) $host) (int .webhooks.port) -}}
{{- end -}}
{{- end -}}

{{- define "waba-operator.validateSimulator" -}}
{{- with .Values -}}
{{- if .simulator.enabled -}}
{{- if or .graphBaseURL (contains "--graph-base-url" (join " " .extraArgs)) -}}{{- fail "simulator.enabled needs graphBaseURL to be empty, and no --graph-base-url in extraArgs: with the simulator nothing is sent to Meta" -}}{{- end -}}
{{- if or .shards (gt (int .replicas) 1) -}}{{- fail "simulator.enabled needs replicas: 1 and no shards: each pod would have a Meta of its own" -}}{{- end -}}
{{- if .webhooks.tls.secretName -}}{{- fail "simulator.enabled needs webhooks.tls to be empty: the simulator delivers inside the pod, without TLS" -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
