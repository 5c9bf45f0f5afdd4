{{- define "label-studio.name" -}}
{{- printf "%s-ls-app" .Release.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "label-studio.claim" -}}
{{- .Values.global.persistence.config.volume.existingClaim | default (printf "%s-ls-pvc" .Release.Name) }}
{{- end }}

{{- define "label-studio.serviceAccount" -}}
{{- .Values.app.serviceAccount.name | default (ternary (include "label-studio.name" .) "default" .Values.app.serviceAccount.create) }}
{{- end }}

{{- define "label-studio.ingressUrl" -}}
{{- with .Values.app.ingress -}}
{{ ternary "http" "https" (empty .tls) }}://{{ .host }}
{{- end }}
{{- end }}

{{- define "label-studio.image" -}}
{{- with .Values.global.image -}}
{{ .registry }}/{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "label-studio.selector" -}}
app.kubernetes.io/name: ls-app
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "label-studio.labels" -}}
{{ include "label-studio.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "label-studio.usesVolume" -}}
{{- with .Values.global.persistence -}}
{{- if and .enabled (eq .type "volume") }}true{{ end -}}
{{- end }}
{{- end }}

{{- define "label-studio.redisCertificates" -}}
{{- if .Values.global.redisConfig.ssl.redisSslSecretName }}true{{ end }}
{{- end }}

{{/* One probe without the key that only this chart knows. */}}
{{- define "label-studio.probe" }}
{{- if .probe.enabled }}
{{ .name }}:
  {{- omit .probe "enabled" | toYaml | nindent 2 }}
{{- end }}
{{- end }}

{{- define "label-studio.containers" -}}
{{ .Files.Get "files/containers.yaml" }}
{{- end }}

{{/* Mounts of the application and of its migration; scratch directories of their own come on top. */}}
{{- define "label-studio.mounts" -}}
{{- $directories := (include "label-studio.containers" . | fromYaml).directories -}}
- name: data
  mountPath: {{ $directories.data }}
{{- if include "label-studio.redisCertificates" . }}
- name: redis-certificates
  mountPath: {{ $directories.redisCertificates }}
  readOnly: true
{{- end }}
{{- with .Values.app.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "label-studio.scratchMounts" -}}
- name: etc-{{ . }}
  mountPath: /opt/heartex/instance-data/etc
- name: tmp-{{ . }}
  mountPath: /tmp
{{- end }}

{{/* Time for the endpoints of the pod to be withdrawn before it stops to listen. */}}
{{- define "label-studio.drain" -}}
lifecycle:
  preStop:
    exec:
      command: [/bin/sh, -c, "sleep {{ .Values.app.preStopDelaySeconds }}"]
{{- end }}
