// The pipes for the server's logs, with a library that takes any file of a pipe's name for the pipe: the release's own
// file asks a newer one, which tells them apart.
package logpipe

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/cloudnative-pg/machinery/pkg/fileutils/compatibility"
	"github.com/cloudnative-pg/machinery/pkg/log"
)

const retryBackoff = time.Second

// ensureLogFifo makes the pipe where there is none. Another file in its place is removed, and is an error: the caller
// tries again.
func ensureLogFifo(logger log.Logger, fileName string) error {
	found, err := os.Lstat(fileName)
	if err == nil && found.Mode()&os.ModeNamedPipe == 0 {
		err = fmt.Errorf("%s is no pipe", fileName)
		logger.Warning("Removing a file in the place of a pipe for logs", "file", fileName)
		if failure := os.Remove(fileName); failure != nil {
			logger.Error(failure, "Cannot remove the file in the place of a pipe for logs")
		}
		return err
	}
	if err := compatibility.CreateFifo(fileName); err != nil {
		logger.Error(err, "Cannot make a pipe for logs")
		return err
	}
	return nil
}

// waitBeforeRetry keeps a caller that fails from trying without a pause.
func waitBeforeRetry(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(retryBackoff):
	}
}
