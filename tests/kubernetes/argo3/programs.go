//go:build programs

package programs

import _ "github.com/argoproj/argo-workflows/v3/cmd/workflow-controller"
