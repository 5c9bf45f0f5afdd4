{{/* Variables as name -> value; values are text whatever they were. */}}
{{- define "label-studio.plainVariables" -}}
{{- range $name, $value := . }}
- name: {{ $name | replace "." "_" | upper | quote }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{/* Variables as name -> {secretName, secretKey}. */}}
{{- define "label-studio.secretVariables" -}}
{{- range $name, $secret := . }}
- name: {{ $name | replace "." "_" | upper | quote }}
  valueFrom:
    secretKeyRef:
      name: {{ .secretName | quote }}
      key: {{ .secretKey | quote }}
{{- end }}
{{- end }}

{{/* What every container of Label Studio is told. */}}
{{- define "label-studio.environment" -}}
{{- $containers := include "label-studio.containers" . | fromYaml }}
{{- range $containers.environment }}
{{- include "label-studio.group" (list $.Values.global $containers.directories .) }}
{{- end }}
{{- with .Values.global.customCaCerts }}
- name: CUSTOM_CA_CERTS
  value: {{ join "," . | quote }}
{{- end }}
{{- include "label-studio.pageEnvironment" . }}
{{- include "label-studio.secretVariables" .Values.global.extraEnvironmentSecrets }}
{{- end }}

{{/* What nginx is told too; it needs no secrets. */}}
{{- define "label-studio.pageEnvironment" -}}
{{- if and .Values.app.ingress.enabled (not (hasKey .Values.global.extraEnvironmentVars "LABEL_STUDIO_HOST")) }}
- name: LABEL_STUDIO_HOST
  value: {{ include "label-studio.ingressUrl" . | quote }}
{{- end }}
{{- include "label-studio.plainVariables" .Values.global.extraEnvironmentVars }}
{{- end }}

{{/* One group of files/containers.yaml: (list <values below global> <directories> <group>). */}}
{{- define "label-studio.group" -}}
{{- $values := index . 0 }}
{{- $directories := index . 1 }}
{{- $group := index . 2 }}
{{- $applies := true }}
{{- range $path, $text := $group.if }}
{{- if ne (include "label-studio.at" (list $values $path)) $text }}{{ $applies = false }}{{ end }}
{{- end }}
{{- if $applies }}
{{- include "label-studio.plainVariables" $group.constants }}
{{- range $name, $path := $group.values }}
{{- with include "label-studio.at" (list $values $path) }}
{{- include "label-studio.plainVariables" (dict $name .) }}
{{- end }}
{{- end }}
{{- range $name, $path := $group.redisCertificates }}
{{- with include "label-studio.at" (list $values $path) }}
{{- include "label-studio.plainVariables" (dict $name (printf "%s/%s" $directories.redisCertificates .)) }}
{{- end }}
{{- end }}
{{- range $name, $paths := $group.secrets }}
{{- $secret := dict "secretName" (include "label-studio.at" (list $values (index $paths 0))) }}
{{- if $secret.secretName }}
{{- $_ := set $secret "secretKey" (include "label-studio.at" (list $values (index $paths 1))) }}
{{- include "label-studio.secretVariables" (dict $name $secret) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The text of a value: (list <values> <path>); nothing where there is none. */}}
{{- define "label-studio.at" -}}
{{- $node := index . 0 }}
{{- range splitList "." (index . 1) }}
{{- $node = get (default dict $node) . }}
{{- end }}
{{- $node }}
{{- end }}
