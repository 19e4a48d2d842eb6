// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package argocd runs resource customizations the way Argo CD does: with the same Lua engine, without the libraries that
// Argo CD withholds from scripts of argocd-cm, and with the same reading of what a script returns. It also writes the
// customizations in the forms that Argo CD takes.
package argocd

import (
	"context"
	"fmt"
	"maps"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// limit is how long Argo CD lets a script run.
const limit = time.Second

// Health is what Argo CD shows of a resource.
type Health struct {
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
}

// Values of Health.Status.
const (
	Healthy     = "Healthy"
	Progressing = "Progressing"
	Degraded    = "Degraded"
	Suspended   = "Suspended"
)

// Machine runs scripts. Clock is what os.date and os.time go by.
type Machine struct {
	Clock func() time.Time
}

// Health runs a health script.
func (m Machine) Health(object map[string]any, script string) (Health, error) {
	out, err := m.run(object, script)
	if err != nil {
		return Health{}, err
	}
	status, _ := out["status"].(string)
	message, _ := out["message"].(string)
	switch status {
	case Healthy, Progressing, Degraded, Suspended:
		return Health{Status: status, Message: message}, nil
	}
	return Health{}, fmt.Errorf("the script returned the health status %q", status)
}

// Disabled runs a discovery script and says of each action whether it is disabled.
func (m Machine) Disabled(object map[string]any, script string) (map[string]bool, error) {
	out, err := m.run(object, script)
	if err != nil {
		return nil, err
	}
	disabled := map[string]bool{}
	for name, value := range out {
		action, _ := value.(map[string]any)
		disabled[name], _ = action["disabled"].(bool)
	}
	return disabled, nil
}

// Act runs an action and returns the object as Argo CD would have it.
func (m Machine) Act(object map[string]any, script string) (map[string]any, error) {
	out, err := m.run(object, script)
	if err != nil {
		return nil, err
	}
	return cleaned(out, object), nil
}

func (m Machine) run(object map[string]any, script string) (map[string]any, error) {
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	l.SetContext(ctx)
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}} {
		if err := l.CallByParam(lua.P{Fn: l.NewFunction(library.open), Protect: true}, lua.LString(library.name)); err != nil {
			return nil, err
		}
	}
	l.PreloadModule(lua.OsLibName, m.safeOS)
	l.SetGlobal("obj", toLua(l, object))
	if err := l.DoString(script); err != nil {
		return nil, err
	}
	table, ok := l.Get(-1).(*lua.LTable)
	if !ok {
		return nil, fmt.Errorf("the script returned a %s, want a table", l.Get(-1).Type())
	}
	out, ok := fromLua(table).(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the script returned a list, want an object")
	}
	return out, nil
}

// safeOS is the part of os that Argo CD gives to scripts. Of the formats of os.date it knows the one in use.
func (m Machine) safeOS(l *lua.LState) int {
	l.Push(l.SetFuncs(l.NewTable(), map[string]lua.LGFunction{
		"date": func(l *lua.LState) int {
			const inUse = "!%Y-%m-%dT%XZ"
			if got := l.CheckString(1); got != inUse {
				l.RaiseError("os.date(%q): only %q is known here", got, inUse)
			}
			l.Push(lua.LString(m.Clock().UTC().Format(time.RFC3339)))
			return 1
		},
	}))
	return 1
}

func toLua(l *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case bool:
		return lua.LBool(v)
	case float64:
		return lua.LNumber(v)
	case int64:
		return lua.LNumber(v)
	case string:
		return lua.LString(v)
	case []any:
		list := l.CreateTable(len(v), 0)
		for _, item := range v {
			list.Append(toLua(l, item))
		}
		return list
	case map[string]any:
		table := l.CreateTable(0, len(v))
		for key, item := range v {
			table.RawSetString(key, toLua(l, item))
		}
		return table
	}
	return lua.LNil
}

// fromLua reads a value. Lua has one empty table; it is read as a list, as Argo CD does.
func fromLua(value lua.LValue) any {
	switch v := value.(type) {
	case lua.LBool:
		return bool(v)
	case lua.LNumber:
		if whole := int64(v); lua.LNumber(whole) == v {
			return whole
		}
		return float64(v)
	case lua.LString:
		return string(v)
	case *lua.LTable:
		if v.Len() > 0 {
			list := make([]any, 0, v.Len())
			for i := 1; i <= v.Len(); i++ {
				list = append(list, fromLua(v.RawGetInt(i)))
			}
			return list
		}
		table := map[string]any{}
		v.ForEach(func(key, item lua.LValue) { table[key.String()] = fromLua(item) })
		if len(table) == 0 {
			return []any{}
		}
		return table
	}
	return nil
}

// cleaned restores the empty objects that Lua made lists of: Argo CD takes an emptied object for an unchanged one.
func cleaned(changed, before map[string]any) map[string]any {
	out := maps.Clone(changed)
	for key, was := range before {
		switch now := changed[key].(type) {
		case map[string]any:
			if was, ok := was.(map[string]any); ok {
				out[key] = cleaned(now, was)
			}
		case []any:
			switch was := was.(type) {
			case map[string]any:
				if len(now) == 0 {
					out[key] = was
				}
			case []any:
				out[key] = cleanedList(now, was)
			}
		}
	}
	return out
}

func cleanedList(changed, before []any) []any {
	out := make([]any, len(changed))
	for i, now := range changed {
		out[i] = now
		if i >= len(before) {
			continue
		}
		switch now := now.(type) {
		case map[string]any:
			if was, ok := before[i].(map[string]any); ok {
				out[i] = cleaned(now, was)
			}
		case []any:
			if was, ok := before[i].([]any); ok {
				out[i] = cleanedList(now, was)
			}
		}
	}
	return out
}
