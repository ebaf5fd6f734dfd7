// Programs that check the chart, built by helm/tools.py. Change a version, then `go mod tidy` with the same Go.
module lead-connector/helm/tools

go 1.26

tool (
	github.com/helm-unittest/helm-unittest/cmd/helm-unittest
	github.com/yannh/kubeconform/cmd/kubeconform
)

require (
	github.com/helm-unittest/helm-unittest v1.1.2
	github.com/yannh/kubeconform v0.8.0
)

// helm-unittest's own replacement, which counts only in a main module.
replace github.com/vmware-labs/yaml-jsonpath v0.3.2 => github.com/helm-unittest/yaml-jsonpath v0.4.0
