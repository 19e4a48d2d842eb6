// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"github.com/spf13/cobra"

	"github.com/waba-operator/waba-operator/internal/action"
)

const waits = `

With --wait the command ends when the operator has answered, or fails after --timeout. It exits with 2 if the operator has answered
and the resource isn't in sync then: a line on the standard error says why.`

// newActions returns the commands that have something done with resources.
func newActions(s Streams) []*cobra.Command {
	return []*cobra.Command{
		newAct(s, action.Refresh, [3]string{
			"Have resources observed, and failed attempts repeated, at once",
			`Have resources observed, and failed attempts repeated, at once, by the annotation requested-at. Refreshing a WABA observes the whole
account with its numbers and templates. --wait waits until status.operator.lastHandledRequest has this very request or a later one.

A resource that is paused isn't refreshed.` + waits,
			`  # The account, with all its numbers and templates, until that is done
  kubectl waba refresh waba acme --wait

  # Templates, after a correction at Meta
  kubectl waba refresh wamt/order-confirmation-en-us wamt/flash-sale-reminder-en-us

  # What would be refreshed
  kubectl waba refresh wamt --all --dry-run=client`,
		}),
		newAct(s, action.Pause, [3]string{
			"Stop all calls to Meta for resources",
			`Stop all calls to Meta for resources: set managementPolicy: Paused, and keep the former policy in the annotation policy-before-pause,
as the action of Argo CD does. Pausing a WABA pauses everything that belongs to it. The status keeps what was last known.

If Git sets managementPolicy, Argo CD and Flux undo the pause: pause in Git instead. --wait waits until the operator has processed the
change, so that it makes no call any more.` + waits,
			`  # An account, before another cluster takes it over
  kubectl waba pause waba acme

  # All templates of the namespace, as the API server would take it
  kubectl waba pause wamt --all --dry-run=server`,
		}),
		newAct(s, action.Resume, [3]string{
			"Restore the policy of resources that were paused",
			`Restore the managementPolicy that resources had before kubectl waba pause, or the action of Argo CD: Observed stays Observed, and a
field that was absent is removed. What was paused in Git or by hand must be resumed there. --wait waits until the operator has
processed the change.` + waits,
			`  # One account
  kubectl waba resume waba acme

  # Everything in the namespace
  kubectl waba resume whatsapp --all`,
		}),
		newAct(s, action.Release, [3]string{
			"Let changes be made that are held because there were too many",
			`Let the changes of accounts be made that are held (BulkChangeHeld) because unusually many would have been written without a change of a
spec, by the annotation release-held-changes. Check the account before. --wait waits until the operator has released them
(status.operator.lastHandledRelease); it makes them afterwards, with its next observations.` + waits,
			`  # An account
  kubectl waba release waba acme`,
		}),
	}
}
