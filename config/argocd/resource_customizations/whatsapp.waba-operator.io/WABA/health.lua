-- Health of a resource of whatsapp.waba-operator.io, judged by its conditions; docs/gitops.md of the project has the table.
-- The same for all kinds.
local waitForApproval = "whatsapp.waba-operator.io/wait-for-approval"

local function health(status, message)
  return {status = status, message = message}
end

local conditions = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    conditions[condition.type] = condition
  end
end
local ready, synced = conditions.Ready, conditions.Synced

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "being deleted" .. (synced ~= nil and synced.status == "False" and ": " .. synced.message or ""))
end
if ready == nil or synced == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "waiting for the operator to process generation " .. tostring(obj.metadata.generation))
end

-- A person wants it so; what is shown of the asset may be old.
if synced.reason == "Paused" then
  return health("Healthy", synced.message)
end
-- It works. Where its last change didn't get through, the message says why.
if ready.status == "True" then
  return health("Healthy", synced.status == "True" and ready.message or synced.message)
end
if conditions.Stalled ~= nil then
  -- Nothing failed where a person is expected to do something, such as to hand over a code.
  local suspended = conditions.Stalled.reason == "ActionRequired"
  return health(suspended and "Suspended" or "Degraded", conditions.Stalled.message)
end
local annotations = obj.metadata.annotations or {}
if ready.reason == "InReview" and synced.status == "True" and annotations[waitForApproval] == "false" then
  return health("Healthy", ready.message)
end
return health("Progressing", ready.message)
