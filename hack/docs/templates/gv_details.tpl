{{- define "gvDetails" -}}
{{- $gv := . -}}
The group `{{ $gv.Group }}`, version `{{ $gv.Version }}`. Kinds:
{{- range $i, $kind := $gv.SortedKinds }}{{ if $i }},{{ end }} {{ $gv.TypeForKind $kind | markdownRenderTypeLink }}{{ end }}.
`kubectl explain` shows the same, without the rules. How the kinds work is on their own pages: [WABA](../waba.md),
[MessageTemplate](../messagetemplate.md), [PhoneNumber](../phonenumber.md), [WebhookSubscription](../webhooksubscription.md).

A field is optional unless it says **required**. No field of a spec has a default; what an absent one means is in its description.
"Rules" are what the API server checks: limits, values, and conditions in the words of its error message. Times are RFC 3339.

{{ range $gv.SortedTypes -}}
{{ template "type" . }}
{{- end -}}
{{- end -}}
