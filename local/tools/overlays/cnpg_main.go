// The operator's command, for a library that has no option by which logs are not sampled: the release's own file asks a
// newer one for it in the pods of clusters, where this one drops equal lines of one second beyond the first hundred.
package main

import (
	"os"

	"github.com/cloudnative-pg/machinery/pkg/log"
	"github.com/spf13/cobra"
	_ "k8s.io/client-go/plugin/pkg/client/auth"

	"github.com/cloudnative-pg/cloudnative-pg/internal/cmd/manager/backup"
	"github.com/cloudnative-pg/cloudnative-pg/internal/cmd/manager/bootstrap"
	"github.com/cloudnative-pg/cloudnative-pg/internal/cmd/manager/controller"
	"github.com/cloudnative-pg/cloudnative-pg/internal/cmd/manager/debug"
	"github.com/cloudnative-pg/cloudnative-pg/internal/cmd/manager/instance"
	"github.com/cloudnative-pg/cloudnative-pg/internal/cmd/manager/pgbouncer"
	"github.com/cloudnative-pg/cloudnative-pg/internal/cmd/manager/show"
	"github.com/cloudnative-pg/cloudnative-pg/internal/cmd/manager/walarchive"
	"github.com/cloudnative-pg/cloudnative-pg/internal/cmd/manager/walrestore"
	"github.com/cloudnative-pg/cloudnative-pg/internal/cmd/versions"
)

func main() {
	cobra.EnableTraverseRunHooks = true
	logs := &log.Flags{}
	root := &cobra.Command{
		Use:              "manager [cmd]",
		SilenceUsage:     true,
		PersistentPreRun: func(*cobra.Command, []string) { logs.ConfigureLogging() },
	}
	logs.AddFlags(root.PersistentFlags())
	root.AddCommand(
		backup.NewCmd(), bootstrap.NewCmd(), controller.NewCmd(), debug.NewCmd(), instance.NewCmd(), pgbouncer.NewCmd(),
		show.NewCmd(), versions.NewCmd(), walarchive.NewCmd(), walrestore.NewCmd(),
	)
	if root.Execute() != nil {
		os.Exit(1)
	}
}
