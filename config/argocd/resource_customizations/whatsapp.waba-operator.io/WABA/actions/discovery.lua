-- Pausing remembers the policy in an annotation. Resuming only undoes that: of a resource that was paused in Git or by
-- hand, nobody here knows whether it may write to Meta.
local paused = obj.spec.managementPolicy == "Paused"
local annotations = obj.metadata.annotations or {}
return {
  refresh = {disabled = paused},
  pause = {disabled = paused},
  resume = {disabled = not paused or annotations["whatsapp.waba-operator.io/policy-before-pause"] == nil},
}
