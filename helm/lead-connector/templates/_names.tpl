{{/* Names and labels. */}}

{{- define "lead-connector.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | regexFind "^.*[a-z0-9]" -}}
{{- end -}}

{{/* At most 52 characters: a StatefulSet's pods and their revision label add to it. */}}
{{- define "lead-connector.fullname" -}}
{{- $name := include "lead-connector.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | regexFind "^.*[a-z0-9]" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | regexFind "^.*[a-z0-9]" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | regexFind "^.*[a-z0-9]" -}}
{{- end -}}
{{- end -}}

{{/* Both the connector's pods and that of the test. */}}
{{- define "lead-connector.instanceLabels" -}}
app.kubernetes.io/name: {{ include "lead-connector.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* The connector's pods alone. */}}
{{- define "lead-connector.selectorLabels" -}}
{{ include "lead-connector.instanceLabels" . }}
app.kubernetes.io/component: connector
{{- end -}}

{{- define "lead-connector.labels" -}}
{{ include "lead-connector.labelsAnd" (dict "root" . "more" dict) }}
{{- end -}}

{{/* Labels of an object that has some of its own (`more`), which win over `labels`. */}}
{{- define "lead-connector.labelsAnd" -}}
{{- with .root -}}
{{ include "lead-connector.instanceLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}
{{- with merge (dict) .more .root.Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "lead-connector.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "lead-connector.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "lead-connector.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}
