// Command pulumi-resource-kubernetes is Pulumi's own Kubernetes provider. The module's own main package embeds files that
// are generated at release and are not part of it; the provider needs neither to manage resources.
package main

import (
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

func main() {
	provider.Serve("kubernetes", version.Version, []byte("{}"), []byte("{}"))
}
