{{- define "type" -}}
{{- $type := . -}}
{{- if markdownShouldRenderType $type -}}
## {{ $type.Name }}

{{ $type.Doc }}
{{- if $type.References }}

Used by
{{- range $i, $user := $type.SortedReferences }}{{ if $i }},{{ end }} {{ markdownRenderTypeLink $user }}{{ end }}.
{{- end }}
{{- $own := dict "rules" list }}{{ template "rules" (dict "of" $type "into" $own) }}
{{- if and $own.rules (not $type.EnumValues) }}
{{ range $own.rules }}
- {{ . }}
{{- end }}
{{- end }}

{{ if $type.EnumValues -}}
| Value | Meaning |
|---|---|
{{- range $type.EnumValues }}
| `{{ .Name }}` | {{ .Doc | splitList " " | rest | join " " | replace "\n" " " | replace "|" "\\|" | trim }} |
{{- end }}

{{ else if $type.Members -}}
| Field | Type | Description | Rules |
|---|---|---|---|
{{- if $type.GVK }}
| `apiVersion` | string | `{{ $type.GVK.Group }}/{{ $type.GVK.Version }}` | **required** |
| `kind` | string | `{{ $type.GVK.Kind }}` | **required** |
{{- end }}
{{- range $type.Members }}
{{- $field := dict "rules" list }}{{ template "rules" (dict "of" . "into" $field "type" .Type) }}
| `{{ .Name }}` | {{ regexReplaceAll "\\[Time\\]\\([^)]*\\)" (markdownRenderType .Type) "Time" }} | {{ template "type_members" . }} | {{ join "; " $field.rules }} |
{{- end }}

{{ end -}}
{{- end -}}
{{- end -}}

{{- /* rules collects what the API server checks of the type or field .of in .into.rules; what the field's .type says is told there. */ -}}
{{- define "rules" -}}
{{- $into := .into -}}
{{- $inherited := list -}}
{{- $named := false -}}
{{- with .type -}}
  {{- $inherited = index .Markers "kubebuilder:validation:XValidation" -}}
  {{- $named = .EnumValues -}}
  {{- if and (not $named) .UnderlyingType }}{{ $named = .UnderlyingType.EnumValues }}{{ end -}}
{{- end -}}
{{- $words := list -}}
{{- range .of.Validation -}}
  {{- if hasPrefix "Required" . }}{{ $_ := set $into "rules" (append $into.rules "**required**") }}
  {{- else if or (hasPrefix "Optional" .) (and (hasPrefix "Enum" .) $named) -}}
  {{- else -}}
    {{- $word := . | replace "|" "\\|" -}}
    {{- $word = regexReplaceAll "^(items:)?M(ax|in)(Length|Items|imum): (.*)$" $word "${1}at M${2} ${4} ${3}" -}}
    {{- $word = regexReplaceAll "^(items:)?(Pattern: |Enum: \\[)(.*?)\\]?$" $word "${1}one of ${3}" | replace "one of `" "pattern `" -}}
    {{- $word = $word | replace "items:" "each " | replace " Length" " characters" | replace " Items" " items" | replace " imum" "" -}}
    {{- $words = append $words ($word | replace "Max" "most" | replace "Min" "least" | replace "at least 1 items" "not empty" | replace "at least 1 characters" "not empty") -}}
  {{- end -}}
{{- end -}}
{{- $_ := set $into "rules" (concat $into.rules (sortAlpha $words)) -}}
{{- with .of.Default }}{{ $_ := set $into "rules" (append $into.rules (printf "default `%s`" .)) }}{{ end -}}
{{- $mine := index .of.Markers "kubebuilder:validation:XValidation" -}}
{{- if not (deepEqual $mine $inherited) -}}
  {{- range $mine -}}
    {{- $_ := set $into "rules" (append $into.rules (.Message | replace "|" "\\|" | replace "{" "\\{" | replace "}" "\\}")) -}}
  {{- end -}}
{{- end -}}
{{- end -}}
