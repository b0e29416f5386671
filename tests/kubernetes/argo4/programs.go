//go:build programs

package programs

import _ "github.com/argoproj/argo-workflows/v4/cmd/workflow-controller"
