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
  {{- include "label-studio.fromSecret" $secret | nindent 2 }}
{{- end }}
{{- end }}

{{- define "label-studio.fromSecret" -}}
valueFrom:
  secretKeyRef:
    name: {{ .secretName | quote }}
    key: {{ .secretKey | quote }}
{{- end }}

{{/* What every container of Label Studio is told. */}}
{{- define "label-studio.environment" -}}
{{- $global := .Values.global -}}
- name: DJANGO_DB
  value: default
- name: POSTGRE_HOST
  value: {{ required "global.pgConfig.host is required" $global.pgConfig.host | quote }}
- name: POSTGRE_PORT
  value: {{ $global.pgConfig.port | quote }}
- name: POSTGRE_NAME
  value: {{ required "global.pgConfig.dbName is required" $global.pgConfig.dbName | quote }}
- name: POSTGRE_USER
  value: {{ required "global.pgConfig.userName is required" $global.pgConfig.userName | quote }}
- name: POSTGRE_PASSWORD
  {{- include "label-studio.fromSecret" $global.pgConfig.password | nindent 2 }}
{{- include "label-studio.redisEnvironment" $global.redisConfig }}
{{- include "label-studio.storageEnvironment" $global.persistence }}
{{- with $global.customCaCerts }}
- name: CUSTOM_CA_CERTS
  value: {{ join "," . | quote }}
{{- end }}
{{ include "label-studio.pageEnvironment" . }}
{{- include "label-studio.secretVariables" $global.extraEnvironmentSecrets }}
{{- end }}

{{/* What nginx is told too; it needs no secrets. */}}
{{- define "label-studio.pageEnvironment" -}}
- name: PYTHONUNBUFFERED
  value: "1"
{{- if and .Values.app.ingress.enabled (not (hasKey .Values.global.extraEnvironmentVars "LABEL_STUDIO_HOST")) }}
- name: LABEL_STUDIO_HOST
  value: {{ include "label-studio.ingressUrl" . | quote }}
{{- end }}
{{- include "label-studio.plainVariables" .Values.global.extraEnvironmentVars }}
{{- end }}

{{- define "label-studio.redisEnvironment" -}}
{{- if .host }}
- name: REDIS_LOCATION
  value: {{ .host | quote }}
{{- if .password.secretName }}
- name: REDIS_PASSWORD
  {{- include "label-studio.fromSecret" .password | nindent 2 }}
{{- end }}
{{- with .ssl }}
{{- if .redisSslCertReqs }}
- name: REDIS_SSL
  value: "1"
- name: REDIS_SSL_CERTS_REQS
  value: {{ .redisSslCertReqs | quote }}
{{- end }}
{{- range $name, $key := dict "CA_CERTS" .redisSslCaCertsSecretKey "CERTFILE" .redisSslCertFileSecretKey "KEYFILE" .redisSslKeyFileSecretKey }}
{{- if $key }}
- name: REDIS_SSL_{{ $name }}
  value: {{ printf "/opt/heartex/secrets/redis_certs/%s" $key | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "label-studio.storageEnvironment" }}
- name: STORAGE_PERSISTENCE
  value: {{ .enabled | quote }}
{{- if .enabled }}
- name: STORAGE_TYPE
  value: {{ .type | quote }}
{{- if eq .type "s3" }}
{{- with .config.s3 }}
- name: STORAGE_AWS_BUCKET_NAME
  value: {{ required "global.persistence.config.s3.bucket is required" .bucket | quote }}
- name: STORAGE_AWS_REGION_NAME
  value: {{ required "global.persistence.config.s3.region is required, us-east-1 where the store has none" .region | quote }}
- name: STORAGE_AWS_FOLDER
  value: {{ .folder | quote }}
- name: STORAGE_AWS_X_AMZ_EXPIRES
  value: {{ .urlExpirationSecs | quote }}
{{- with .endpointUrl }}
- name: STORAGE_AWS_ENDPOINT_URL
  value: {{ . | quote }}
{{- end }}
{{- if .accessKeyExistingSecret }}
- name: STORAGE_AWS_ACCESS_KEY_ID
  {{- include "label-studio.fromSecret" (dict "secretName" .accessKeyExistingSecret "secretKey" .accessKeyExistingSecretKey) | nindent 2 }}
{{- end }}
{{- if .secretKeyExistingSecret }}
- name: STORAGE_AWS_SECRET_ACCESS_KEY
  {{- include "label-studio.fromSecret" (dict "secretName" .secretKeyExistingSecret "secretKey" .secretKeyExistingSecretKey) | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
