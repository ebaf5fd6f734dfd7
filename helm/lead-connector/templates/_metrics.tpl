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

{{/* Share of leads that were late over a window, 0 to 1; NaN, which is above nothing, where none was delivered. */}}
{{- define "lead-connector.late" -}}
{{- $series := include "lead-connector.series" .root -}}
1 - sum(rate(time_to_lead_seconds_bucket{ {{- $series -}} ,le={{ include "lead-connector.bound" .root }}}[{{ .window }}])) / sum(rate(time_to_lead_seconds_count{ {{- $series -}} }[{{ .window }}]))
{{- end -}}

{{/* How many leads were late over a window. */}}
{{- define "lead-connector.lateLeads" -}}
{{- $series := include "lead-connector.series" .root -}}
sum(increase(time_to_lead_seconds_count{ {{- $series -}} }[{{ .window }}])) - sum(increase(time_to_lead_seconds_bucket{ {{- $series -}} ,le={{ include "lead-connector.bound" .root }}}[{{ .window }}]))
{{- end -}}

{{/* The objective as the histogram's series have it in their label. */}}
{{- define "lead-connector.bound" -}}
{{- printf "%.1f" (float64 .Values.monitoring.rules.objective.seconds) | quote -}}
{{- end -}}

{{/* That so many times what the objective allows was late, in a long window, and still is in a short one. */}}
{{- define "lead-connector.burns" -}}
{{- $allowed := printf "%v * (1 - %v / 100)" .times .root.Values.monitoring.rules.objective.percent -}}
({{ include "lead-connector.late" (dict "root" .root "window" .long) }} > {{ $allowed }} and {{ include "lead-connector.late" (dict "root" .root "window" .short) }} > {{ $allowed }})
{{- end -}}

{{/* Where the runbook says what to do about an alert. */}}
{{- define "lead-connector.runbook" -}}
{{- printf "%s#%s" .root.Values.monitoring.rules.runbookUrl (lower .alert) | quote -}}
{{- end -}}
