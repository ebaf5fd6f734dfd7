{{/* What follows from the connector's own configuration. */}}

{{/* The configuration as the connector gets it. Two releases must not share a group because neither named one. */}}
{{- define "lead-connector.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $kafka := default dict $config.kafka -}}
{{- if not $kafka.group_id -}}
{{- $_ := set $config "kafka" (set $kafka "group_id" (include "lead-connector.fullname" .)) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* A text in the configuration, by its path: `list $ "schemas.registry.url"`. Empty where it, or what it is in, is null. */}}
{{- define "lead-connector.given" -}}
{{- $at := (index . 0).Values.config -}}
{{- range splitList "." (index . 1) -}}
{{- if kindIs "map" $at }}{{ $at = get $at . }}{{ else }}{{ $at = "" }}{{ end -}}
{{- end -}}
{{- default "" $at -}}
{{- end -}}

{{/* A duration such as 1h30m in seconds, rounded up. */}}
{{- define "lead-connector.seconds" -}}
{{- $sizes := dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 "d" 86400.0 -}}
{{- $sum := 0.0 -}}
{{- range regexFindAll "[0-9.]+(ms|s|m|h|d)" (toString .) -1 -}}
{{- $sum = addf $sum (mulf (float64 (regexFind "[0-9.]+" .)) (get $sizes (regexFind "[a-z]+" .))) -}}
{{- end -}}
{{- ceil $sum | int64 -}}
{{- end -}}

{{/* Seconds that a shutdown may take: the drain, then 15 s for the Kafka thread to commit and leave the group
     (connector/service.py, LEAVE), and 5 s for the rest. */}}
{{- define "lead-connector.shutdown" -}}
{{- $delivery := default dict .Values.config.delivery -}}
{{- $drain := ternary $delivery.drain_timeout "20s" (hasKey $delivery "drain_timeout") -}}
{{- add (include "lead-connector.seconds" $drain | int64) 20 -}}
{{- end -}}

{{- define "lead-connector.grace" -}}
{{- if kindIs "invalid" .Values.terminationGracePeriodSeconds -}}
{{- include "lead-connector.shutdown" . -}}
{{- else -}}
{{- int64 .Values.terminationGracePeriodSeconds -}}
{{- end -}}
{{- end -}}

{{- define "lead-connector.listen" -}}
{{- $telemetry := default dict .Values.config.telemetry -}}
{{- toString (ternary $telemetry.listen "0.0.0.0:9464" (hasKey $telemetry "listen")) -}}
{{- end -}}

{{/* The port of probes and metrics. */}}
{{- define "lead-connector.port" -}}
{{- include "lead-connector.listen" . | regexFind "[0-9]+$" | regexFind "([1-9][0-9]*|0)$" -}}
{{- end -}}

{{/* A text with commas (never within a pattern), or a list, as JSON list. */}}
{{- define "lead-connector.list" -}}
{{- if kindIs "slice" . -}}
{{- toJson . -}}
{{- else if hasPrefix "^" (toString .) -}}
{{- list . | toJson -}}
{{- else -}}
{{- $items := list -}}
{{- range splitList "," (toString .) -}}
{{- with trim . }}{{ $items = append $items . }}{{ end -}}
{{- end -}}
{{- toJson $items -}}
{{- end -}}
{{- end -}}

{{- define "lead-connector.brokers" -}}
{{- include "lead-connector.list" (dig "kafka" "bootstrap_servers" "" .Values.config) -}}
{{- end -}}

{{- define "lead-connector.topics" -}}
{{- include "lead-connector.list" (dig "kafka" "topics" "" .Values.config) -}}
{{- end -}}

{{/* The port of a URL. */}}
{{- define "lead-connector.urlPort" -}}
{{- $url := urlParse . -}}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" -}}
{{- default (ternary "80" "443" (eq $url.scheme "http")) $port -}}
{{- end -}}

{{/* The topic that the test sends to. */}}
{{- define "lead-connector.testTopic" -}}
{{- $names := list .Values.test.topic -}}
{{- range include "lead-connector.topics" . | fromJsonArray -}}
{{- if not (hasPrefix "^" .) }}{{ $names = append $names . }}{{ end -}}
{{- end -}}
{{- first (append (compact $names) "") -}}
{{- end -}}

{{/* Whether something but `replicas` says how many pods there are. */}}
{{- define "lead-connector.scaled" -}}
{{- if or .Values.keda.enabled .Values.hpa.enabled }}true{{ end -}}
{{- end -}}

{{/* Most pods that there can be. */}}
{{- define "lead-connector.most" -}}
{{- if .Values.keda.enabled -}}
{{- int64 .Values.keda.maxReplicas -}}
{{- else if .Values.hpa.enabled -}}
{{- int64 .Values.hpa.maxReplicas -}}
{{- else -}}
{{- int64 .Values.replicas -}}
{{- end -}}
{{- end -}}
