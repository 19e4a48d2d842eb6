if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["whatsapp.waba-operator.io/policy-before-pause"] = obj.spec.managementPolicy or "Absent"
obj.spec.managementPolicy = "Paused"
return obj
