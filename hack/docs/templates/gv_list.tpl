{{- define "gvList" -}}
<!-- Generated from the Go types of api/v1alpha1: edit those, then run `make docs`. -->

# API reference

{{ range . }}{{ template "gvDetails" . }}{{ end -}}
{{- end -}}
