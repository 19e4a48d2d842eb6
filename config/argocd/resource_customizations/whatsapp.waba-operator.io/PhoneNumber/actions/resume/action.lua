local key = "whatsapp.waba-operator.io/policy-before-pause"
local annotations = obj.metadata.annotations
local before = annotations[key]
if before == "Absent" then
  before = nil
end
obj.spec.managementPolicy = before
annotations[key] = nil
-- Argo CD takes an empty table for an unchanged one.
if next(annotations) == nil then
  obj.metadata.annotations = nil
end
return obj
