{{/* What is asked of Prometheus. Metric names: connector/telemetry/metrics.py. */}}

{{/* The connector's series; the monitors make the release's name their job. */}}
{{- define "lead-connector.series" -}}
namespace={{ .Release.Namespace | quote }},job={{ .Release.Name | quote }}
{{- end -}}

{{/* Seconds from event to confirmation, 95th percentile; 0 while no lead comes, nothing where there are no metrics. */}}
{{- define "lead-connector.timeToLead" -}}
{{- $series := include "lead-connector.series" . -}}
((histogram_quantile(0.95, sum by (le) (rate(time_to_lead_seconds_bucket{ {{- $series -}} }[2m]))) and sum(rate(time_to_lead_seconds_count{ {{- $series -}} }[2m])) > 0) or 0 * sum(leads_outstanding{ {{- $series -}} }))
{{- end -}}

{{/* The topics whose lag counts, as JSON list; one without a name stands for all that the group reads. */}}
{{- define "lead-connector.lagTopics" -}}
{{- $topics := include "lead-connector.topics" . | fromJsonArray -}}
{{- $patterns := false -}}
{{- range $topics }}{{ if hasPrefix "^" . }}{{ $patterns = true }}{{ end }}{{ end -}}
{{- ternary (list "") $topics $patterns | toJson -}}
{{- end -}}
