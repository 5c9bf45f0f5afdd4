// What the provider asks of the SDK's package for objects in YAML, without the SDK's types for each kind.
//
// The provider's ConfigGroup, ConfigFile, Chart (v4) and Directory register an object by its kind and hand its properties
// through; they look at no field by its type. The SDK's own file of this name imports the types of every kind and version
// for it, 25 MB of generated Go, which take longer to compile than the provider itself.
package v2

import (
	"strings"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// IsListKind tells whether an object is a list of others: by the API's conventions its kind ends so.
func IsListKind(apiVersion, kind string) bool {
	group, _, isGrouped := strings.Cut(apiVersion, "/")
	isOfTheAPI := !isGrouped || !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
	return isOfTheAPI && strings.HasSuffix(kind, "List")
}

// RegisterResource registers an object under the type that the SDK has for its kind.
func RegisterResource(ctx *pulumi.Context, apiVersion, kind, name string, props pulumi.Input,
	opts ...pulumi.ResourceOption,
) (pulumi.CustomResource, error) {
	if !strings.Contains(apiVersion, "/") {
		apiVersion = "core/" + apiVersion
	}
	var resource apiextensions.CustomResource
	if err := ctx.RegisterResource("kubernetes:"+apiVersion+":"+kind, name, props, &resource, opts...); err != nil {
		return nil, err
	}
	return &resource, nil
}
