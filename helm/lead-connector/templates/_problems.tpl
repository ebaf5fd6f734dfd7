{{/* Values that contradict each other. Each problem is a line that says what to change; all are told at once. */}}

{{- define "lead-connector.check" -}}
{{- $problems := "" -}}
{{- range list "names" "config" "secrets" "membership" "scaling" "keda" "shutdown" "files" "volumes" "environment" "network" "test" -}}
{{- $problems = print $problems (include (printf "lead-connector.problems.%s" .) $) -}}
{{- end -}}
{{- if trim $problems -}}
{{- fail (printf "these values cannot be installed:\n%s" (trimSuffix "\n" $problems)) -}}
{{- end -}}
{{- end -}}

{{/* What the API server would refuse, or worse, take. */}}
{{- define "lead-connector.problems.names" -}}
{{- if regexMatch ":[^/]*$|@" .Values.image.repository }}- image.repository is {{ .Values.image.repository }}, with a tag or digest: write those into image.tag and image.digest
{{ end -}}
{{- $name := include "lead-connector.fullname" . -}}
{{- if and (or (eq .Values.kind "StatefulSet") (eq .Values.monitoring.monitor "ServiceMonitor")) (not (regexMatch "^[a-z][a-z0-9-]*$" $name)) }}- {{ $name }} cannot be the name of a Service, which kind: StatefulSet and monitoring.monitor: ServiceMonitor have: set fullnameOverride to small letters, digits and hyphens, a letter first
{{ end -}}
{{- $selected := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" -}}
{{- $ours := concat $selected (list "app.kubernetes.io/version" "app.kubernetes.io/managed-by" "helm.sh/chart") -}}
{{- range $place, $labels := dict "labels" .Values.labels "podLabels" .Values.podLabels "monitoring.labels" .Values.monitoring.labels "monitoring.dashboard.labels" .Values.monitoring.dashboard.labels -}}
{{- range $label, $_ := $labels -}}
{{- if has $label (ternary $selected $ours (eq $place "podLabels")) }}- {{ $place }} has {{ $label }}, which the chart sets: use another label
{{ end -}}
{{- end -}}
{{- end -}}
{{- if hasKey .Values.podAnnotations "checksum/config" }}- podAnnotations has checksum/config, which the chart sets: use another annotation
{{ end -}}
{{- end -}}

{{- define "lead-connector.problems.config" -}}
{{- range list "kafka" "schemas" "ucontact" "routes" "dead_letters" -}}
{{- if not (get $.Values.config .) }}- config.{{ . }} is missing: give the connector's configuration under `config` (docs/configuration.md)
{{ end -}}
{{- end -}}
{{- $listen := include "lead-connector.listen" . -}}
{{- if has $listen (list "off" "false") }}- config.telemetry.listen is off, but probes and metrics need it: remove it, or give an address such as 0.0.0.0:9464
{{ else if eq (include "lead-connector.port" .) "0" }}- config.telemetry.listen takes any free port, which no probe can know: give a port, as in 0.0.0.0:9464
{{ else if gt (include "lead-connector.port" . | int64) 65535 }}- config.telemetry.listen is {{ $listen }}, but ports end at 65535: use 0.0.0.0:9464
{{ else if regexMatch "^(127\\.|localhost|\\[?::1)" $listen }}- config.telemetry.listen is {{ $listen }}, where no probe can reach it: use 0.0.0.0:{{ include "lead-connector.port" . }}
{{ end -}}
{{- range include "lead-connector.brokers" . | fromJsonArray -}}
{{- if not (regexMatch ":[0-9]+$" .) }}- config.kafka.bootstrap_servers has {{ . }} without a port: write {{ . }}:9092, or whatever the broker's port is
{{ end -}}
{{- end -}}
{{- end -}}

{{/* The connector refuses these too, but then they are in the cluster already. Their values are never shown. */}}
{{- define "lead-connector.problems.secrets" -}}
{{- range $name, $_ := .Values.secrets -}}
{{- if not (regexMatch "^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$" $name) }}- secrets.{{ $name }} is a name of yours for a volume and a directory: use small letters, digits and hyphens, at most 42, as in secrets.ucontact
{{ end -}}
{{- end -}}
{{- range $name, $_ := dig "kafka" "properties" dict .Values.config -}}
{{- if regexMatch "password|passphrase|secret|sasl\\.jaas\\.config|ssl\\.key\\.pem|private\\.key\\.pem" $name }}- config.kafka.properties has {{ $name }}, and a ConfigMap is no place for a secret: put it into a Secret under secrets, and the file's path into config.kafka.property_files
{{ end -}}
{{- end -}}
{{- range $place := list "schemas.registry.url" "ucontact.base_url" -}}
{{- if regexMatch "://[^/]*@" (include "lead-connector.given" (list $ $place)) }}- config.{{ $place }} has credentials in it, and a ConfigMap is no place for them: give them as files under secrets
{{ end -}}
{{- end -}}
{{- end -}}

{{- define "lead-connector.problems.membership" -}}
{{- if dig "kafka" "group_instance_id" "" .Values.config }}- config.kafka.group_instance_id would be the same in every pod: remove it; with kind: StatefulSet each pod has its own
{{ end -}}
{{- $static := eq .Values.kind "StatefulSet" -}}
{{- if and $static (not .Values.partitions) }}- kind: StatefulSet needs the number of partitions: set partitions to that of the topic with the most
{{ end -}}
{{- if and $static .Values.partitions (not (include "lead-connector.scaled" .)) (gt (int64 .Values.replicas) (int64 (default 0 .Values.partitions))) }}- replicas is {{ int64 .Values.replicas }}, but there are {{ int64 .Values.partitions }} partitions, and static members beyond them never get one: set replicas to {{ int64 .Values.partitions }} or less, or add partitions
{{ end -}}
{{- if and (not $static) (has (toString .Values.update.maxSurge) (list "0" "0%")) (has (toString .Values.update.maxUnavailable) (list "0" "0%")) }}- update.maxSurge and update.maxUnavailable are both 0, so no pod could ever be replaced: set one of them to 1
{{ end -}}
{{- end -}}

{{- define "lead-connector.problems.scaling" -}}
{{- if and .Values.keda.enabled .Values.hpa.enabled }}- keda and hpa are both enabled, and would work against each other: disable one of them
{{ end -}}
{{- range list "keda" "hpa" -}}
{{- $scaler := get $.Values . -}}
{{- if $scaler.enabled -}}
{{- if gt (int64 $scaler.minReplicas) (int64 $scaler.maxReplicas) }}- {{ . }}.minReplicas is {{ int64 $scaler.minReplicas }}, above {{ . }}.maxReplicas, which is {{ int64 $scaler.maxReplicas }}: lower one or raise the other
{{ end -}}
{{- if not $.Values.partitions }}- {{ . }} needs the number of partitions, above which pods have nothing to do: set partitions
{{ else if gt (int64 $scaler.maxReplicas) (int64 $.Values.partitions) }}- {{ . }}.maxReplicas is {{ int64 $scaler.maxReplicas }}, but there are {{ int64 $.Values.partitions }} partitions: set it to {{ int64 $.Values.partitions }} or less, or add partitions
{{ end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.hpa.enabled (not (dig "requests" "cpu" "" .Values.resources)) (not (dig "limits" "cpu" "" .Values.resources)) }}- hpa aims at a share of the requested CPU, but none is requested: set resources.requests.cpu
{{ end -}}
{{- end -}}

{{- define "lead-connector.problems.keda" -}}
{{- if .Values.keda.enabled -}}
{{- $ours := ternary (list "serverAddress" "query" "threshold" "ignoreNullValues") (list "bootstrapServers" "consumerGroup" "topic" "lagThreshold" "offsetResetPolicy" "allowIdleConsumers") (eq .Values.keda.trigger "timeToLead") -}}
{{- range $key, $_ := .Values.keda.metadata -}}
{{- if has $key $ours }}- keda.metadata has {{ $key }}, which the chart sets: remove it, and change config or the other values of keda
{{ end -}}
{{- end -}}
{{- if eq .Values.keda.trigger "timeToLead" -}}
{{- if not .Values.keda.timeToLead.serverAddress }}- keda.trigger is timeToLead, but nothing says where Prometheus is: set keda.timeToLead.serverAddress
{{ end -}}
{{- if eq .Values.monitoring.monitor "none" }}- keda.trigger is timeToLead, but Prometheus is not told to scrape: set monitoring.monitor to PodMonitor or ServiceMonitor
{{ end -}}
{{- else -}}
{{- $protocol := dig "kafka" "properties" "security.protocol" "plaintext" .Values.config | toString | lower -}}
{{- if and (hasPrefix "sasl" $protocol) (not .Values.keda.authenticationRef) }}- the brokers want SASL, and KEDA asks them itself: set keda.authenticationRef to a TriggerAuthentication, and keda.metadata to {sasl: …, tls: …}
{{ else if and (eq $protocol "ssl") (not .Values.keda.authenticationRef) (not .Values.keda.metadata) }}- the brokers want TLS, and KEDA asks them itself: set keda.metadata to {tls: enable}, and keda.authenticationRef where they want certificates
{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "lead-connector.problems.shutdown" -}}
{{- $needed := include "lead-connector.shutdown" . | int64 -}}
{{- $grace := include "lead-connector.grace" . | int64 -}}
{{- if lt $grace $needed }}- terminationGracePeriodSeconds is {{ $grace }}, but a shutdown may take {{ $needed }} s (config.delivery.drain_timeout and 20 s): set it to {{ $needed }} or null, or lower drain_timeout
{{ end -}}
{{- end -}}

{{/* Files in directories that are mounted: something has to be mounted there. */}}
{{- define "lead-connector.problems.files" -}}
{{- $mounted := list -}}
{{- range $name, $_ := .Values.secrets }}{{ $mounted = append $mounted (printf "/run/secrets/%s/" $name) }}{{ end -}}
{{- if or .Values.schemas.files .Values.schemas.existingConfigMap }}{{ $mounted = append $mounted "/etc/lead-connector/schemas/" }}{{ end -}}
{{- range .Values.volumeMounts }}{{ $mounted = append $mounted (printf "%s/" (trimSuffix "/" .mountPath)) }}{{ end -}}
{{- $wanted := regexFindAll "\"(/run/secrets/|/etc/lead-connector/schemas/)[^\"]+\"" (toJson .Values.config) -1 -}}
{{- with dig "ucontact" "token_file" "" .Values.config }}{{ $wanted = append $wanted (quote .) }}{{ end -}}
{{- range $quoted := uniq $wanted -}}
{{- $file := trimAll "\"" $quoted -}}
{{- $found := false -}}
{{- range $mounted }}{{ if hasPrefix . $file }}{{ $found = true }}{{ end }}{{ end -}}
{{- if not $found -}}
{{- if hasPrefix "/etc/lead-connector/schemas/" $file }}- config names {{ $file }}, but no schemas are given: add it to schemas.files, or set schemas.existingConfigMap
{{ else if regexMatch "^/run/secrets/[^/]+/" $file }}{{ $name := index (splitList "/" $file) 3 }}- config names {{ $file }}, but there is no such secret: set secrets.{{ $name }}.existingSecret to the Secret that has the key {{ base $file }}
{{ else if hasPrefix "/run/secrets/" $file }}- config names {{ $file }}, but Secrets are directories there: use /run/secrets/NAME/KEY, and set secrets.NAME.existingSecret
{{ else }}- config.ucontact.token_file is {{ $file }}, where nothing is mounted: use /run/secrets/ucontact/token with secrets.ucontact.existingSecret, or add volumes and volumeMounts
{{ end -}}
{{- else if and (hasPrefix "/etc/lead-connector/schemas/" $file) $.Values.schemas.files (not $.Values.schemas.existingConfigMap) (not $.Values.volumeMounts) -}}
{{- if not (hasKey $.Values.schemas.files (trimPrefix "/etc/lead-connector/schemas/" $file)) }}- config names {{ $file }}, but schemas.files has only {{ keys $.Values.schemas.files | sortAlpha | join ", " }}: add it there, or correct the name
{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Volumes of yours beside the chart's. */}}
{{- define "lead-connector.problems.volumes" -}}
{{- $names := list "config" "tmp" "test" -}}
{{- $paths := list "/tmp" "/etc/lead-connector/config" "/etc/lead-connector/test" -}}
{{- if or .Values.schemas.files .Values.schemas.existingConfigMap -}}
{{- $names = append $names "schemas" -}}
{{- $paths = append $paths "/etc/lead-connector/schemas" -}}
{{- end -}}
{{- range $name, $_ := .Values.secrets -}}
{{- $names = append $names (printf "secret-%s" $name) -}}
{{- $paths = append $paths (printf "/run/secrets/%s" $name) -}}
{{- end -}}
{{- range .Values.volumes -}}
{{- if has .name $names }}- volumes has {{ .name }}, a name that is taken: give the volume another
{{ end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- range .Values.volumeMounts -}}
{{- if not (has .name $names) }}- volumeMounts has {{ .name }}, but no volume is called that: add it to volumes
{{ end -}}
{{- $path := default "/" (trimSuffix "/" .mountPath) -}}
{{- if has $path $paths }}- volumeMounts has {{ .mountPath }}, where something is mounted already: mount {{ .name }} elsewhere
{{ end -}}
{{- $paths = append $paths $path -}}
{{- end -}}
{{- end -}}

{{- define "lead-connector.problems.environment" -}}
{{- range .Values.env -}}
{{- if hasPrefix "CONNECTOR__" .name }}- env has {{ .name }}: write it under config, where the chart sees it too
{{ end -}}
{{- if dig "valueFrom" "secretKeyRef" "" . }}- env takes {{ .name }} from a Secret, and the environment is no place for one: mount it with secrets, and name the file in config
{{ end -}}
{{- end -}}
{{- end -}}

{{- define "lead-connector.problems.network" -}}
{{- if .Values.networkPolicy.enabled -}}
{{- if not .Values.networkPolicy.kafka.to }}- networkPolicy does not say where the brokers are: set networkPolicy.kafka.to to their peers, for example an ipBlock or a podSelector
{{ end -}}
{{- if and (dig "schemas" "registry" "" .Values.config) (not .Values.networkPolicy.registry.to) }}- networkPolicy does not say where the schema registry is: set networkPolicy.registry.to to its peers
{{ end -}}
{{- range list "dns" "api" -}}
{{- if not (get $.Values.networkPolicy .).to }}- networkPolicy.{{ . }}.to is empty, which a NetworkPolicy takes for everywhere: name the peers, or leave the default
{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "lead-connector.problems.test" -}}
{{- if .Values.test.enabled -}}
{{- if not (include "lead-connector.given" (list . "receipts.topic")) }}- test.enabled needs receipts, by which the test sees what became of its lead: add config.receipts.topic, or disable the test
{{ end -}}
{{- if not (include "lead-connector.testTopic" .) }}- config.kafka.topics has only patterns: set test.topic to the topic that the test shall send to
{{ end -}}
{{- end -}}
{{- end -}}
