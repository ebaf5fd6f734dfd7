{{/* The pod of the Deployment or StatefulSet, and what the test's pod shares with it. */}}

{{- define "lead-connector.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "lead-connector.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "lead-connector.volumes" -}}
- name: config
  configMap:
    name: {{ include "lead-connector.fullname" . }}
- name: tmp
  emptyDir:
    sizeLimit: {{ .Values.tmpSizeLimit }}
{{- range $name, $secret := .Values.secrets }}
- name: secret-{{ $name }}
  secret:
    secretName: {{ $secret.existingSecret }}
    defaultMode: 0440
{{- end }}
{{- if or .Values.schemas.files .Values.schemas.existingConfigMap }}
- name: schemas
  projected:
    sources:
      {{- if .Values.schemas.files }}
      - configMap:
          name: {{ include "lead-connector.fullname" . }}-schemas
      {{- end }}
      {{- with .Values.schemas.existingConfigMap }}
      - configMap:
          name: {{ . }}
      {{- end }}
{{- end }}
{{- with .Values.volumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Whole directories, not single files (subPath): only these follow when a Secret changes. */}}
{{- define "lead-connector.volumeMounts" -}}
- name: config
  mountPath: /etc/lead-connector/config
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- range $name, $_ := .Values.secrets }}
- name: secret-{{ $name }}
  mountPath: /run/secrets/{{ $name }}
  readOnly: true
{{- end }}
{{- if or .Values.schemas.files .Values.schemas.existingConfigMap }}
- name: schemas
  mountPath: /etc/lead-connector/schemas
  readOnly: true
{{- end }}
{{- with .Values.volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "lead-connector.placement" -}}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "lead-connector.probe" -}}
httpGet:
  path: {{ .path }}
  port: http
{{ toYaml .values }}
{{- end -}}

{{- define "lead-connector.pod" -}}
metadata:
  labels:
    {{- include "lead-connector.selectorLabels" . | nindent 4 }}
    {{- with merge (dict) .Values.podLabels .Values.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # A change of the configuration is a change of the pod: the rollout follows it.
    checksum/config: {{ print (include "lead-connector.config" .) (toYaml .Values.schemas.files) | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "lead-connector.serviceAccount" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ include "lead-connector.grace" . }}
  securityContext: {{- include "lead-connector.podSecurity" . | nindent 4 }}
  {{- with include "lead-connector.placement" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- range . }}
    {{- $ours := dict "labelSelector" (dict "matchLabels" (include "lead-connector.selectorLabels" $ | fromYaml)) }}
    {{- toYaml (list (ternary . (merge $ours .) (hasKey . "labelSelector"))) | nindent 4 }}
    {{- end }}
  {{- end }}
  containers:
    - name: lead-connector
      image: {{ include "lead-connector.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [run, -c, /etc/lead-connector/config/connector.yaml]
      securityContext: {{- include "lead-connector.containerSecurity" . | nindent 8 }}
      {{- if or (eq .Values.kind "StatefulSet") .Values.env }}
      env:
        {{- if eq .Values.kind "StatefulSet" }}
        # The pod's name ends with its ordinal, so a pod that comes back is the same member of the group.
        - name: CONNECTOR__KAFKA__GROUP_INSTANCE_ID
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        {{- end }}
        {{- with .Values.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
      ports:
        - name: http
          containerPort: {{ include "lead-connector.port" . }}
      # No preStop: nothing sends requests to this pod, and SIGTERM begins the drain at once.
      startupProbe: {{- include "lead-connector.probe" (dict "path" "/startupz" "values" .Values.probes.startup) | nindent 8 }}
      readinessProbe: {{- include "lead-connector.probe" (dict "path" "/readyz" "values" .Values.probes.readiness) | nindent 8 }}
      livenessProbe: {{- include "lead-connector.probe" (dict "path" "/livez" "values" .Values.probes.liveness) | nindent 8 }}
      resources: {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts: {{- include "lead-connector.volumeMounts" . | nindent 8 }}
  volumes: {{- include "lead-connector.volumes" . | nindent 4 }}
{{- end -}}
