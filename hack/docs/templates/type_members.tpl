{{- define "type_members" -}}
{{- if eq .Name "metadata" -}}
See the fields of `metadata` in the documentation of Kubernetes.
{{- else -}}
{{ markdownRenderFieldDoc .Doc | replace "<br />" " " }}
{{- end -}}
{{- end -}}
