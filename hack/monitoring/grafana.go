// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

// The part of Grafana's dashboard model that is used here
// (https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/).
type (
	board struct {
		UID           string         `json:"uid"`
		Title         string         `json:"title"`
		Description   string         `json:"description"`
		Tags          []string       `json:"tags"`
		SchemaVersion int            `json:"schemaVersion"`
		Editable      bool           `json:"editable"`
		GraphTooltip  int            `json:"graphTooltip"`
		Refresh       string         `json:"refresh"`
		Time          map[string]any `json:"time"`
		Templating    templating     `json:"templating"`
		Panels        []panel        `json:"panels"`
	}

	templating struct {
		List []variable `json:"list"`
	}

	variable struct {
		Name       string            `json:"name"`
		Label      string            `json:"label"`
		Type       string            `json:"type"`
		Query      string            `json:"query"`
		Datasource *source           `json:"datasource,omitempty"`
		Definition string            `json:"definition,omitempty"`
		Refresh    int               `json:"refresh,omitempty"`
		Sort       int               `json:"sort,omitempty"`
		Multi      bool              `json:"multi"`
		IncludeAll bool              `json:"includeAll"`
		AllValue   string            `json:"allValue,omitempty"`
		Current    map[string]string `json:"current"`
	}

	source struct {
		Type string `json:"type"`
		UID  string `json:"uid"`
	}

	panel struct {
		ID          int            `json:"id"`
		Type        string         `json:"type"`
		Title       string         `json:"title"`
		Description string         `json:"description,omitempty"`
		Datasource  *source        `json:"datasource,omitempty"`
		GridPos     grid           `json:"gridPos"`
		FieldConfig *fieldConfig   `json:"fieldConfig,omitempty"`
		Options     map[string]any `json:"options,omitempty"`
		Targets     []target       `json:"targets,omitempty"`
		Transforms  []transform    `json:"transformations,omitempty"`
	}

	grid struct {
		H int `json:"h"`
		W int `json:"w"`
		X int `json:"x"`
		Y int `json:"y"`
	}

	fieldConfig struct {
		Defaults  fieldDefaults `json:"defaults"`
		Overrides []any         `json:"overrides"`
	}

	fieldDefaults struct {
		Unit       string         `json:"unit,omitempty"`
		Min        *int           `json:"min,omitempty"`
		NoValue    string         `json:"noValue,omitempty"`
		Thresholds *thresholds    `json:"thresholds,omitempty"`
		Custom     map[string]any `json:"custom,omitempty"`
	}

	thresholds struct {
		Mode  string `json:"mode"`
		Steps []step `json:"steps"`
	}

	step struct {
		Color string   `json:"color"`
		Value *float64 `json:"value"`
	}

	target struct {
		RefID        string  `json:"refId"`
		Expr         string  `json:"expr"`
		LegendFormat string  `json:"legendFormat,omitempty"`
		Instant      bool    `json:"instant,omitempty"`
		Range        bool    `json:"range,omitempty"`
		Format       string  `json:"format,omitempty"`
		Datasource   *source `json:"datasource"`
	}

	transform struct {
		ID      string         `json:"id"`
		Options map[string]any `json:"options"`
	}
)

var prometheus = &source{Type: "prometheus", UID: "${datasource}"}

// draft is a panel before it has a place.
type draft struct {
	panel
	width, height int
}

// query is an expression, with the signs of selection, and what its series are called.
type query struct{ expr, legend string }

func targets(instant bool, queries []query) []target {
	out := make([]target, len(queries))
	for i, q := range queries {
		out[i] = target{
			RefID: string(rune('A' + i)), Expr: selection.Replace(q.expr), LegendFormat: q.legend, Instant: instant, Range: !instant, Datasource: prometheus,
		}
	}
	return out
}

// lines is a graph over time.
func lines(title, unit string, width int, queries ...query) draft {
	zero := 0
	return draft{width: width, height: 8, panel: panel{
		Type: "timeseries", Title: title, Targets: targets(false, queries),
		FieldConfig: &fieldConfig{Overrides: []any{}, Defaults: fieldDefaults{
			Unit: unit, Min: &zero, Custom: map[string]any{"fillOpacity": 10, "showPoints": "never", "lineWidth": 1},
		}},
		Options: map[string]any{
			"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true},
			"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
		},
	}}
}

// stacked is a graph whose series make up a whole.
func stacked(title string, width int, queries ...query) draft {
	d := lines(title, "short", width, queries...)
	d.FieldConfig.Defaults.Custom["stacking"] = map[string]any{"mode": "normal", "group": "A"}
	d.FieldConfig.Defaults.Custom["fillOpacity"] = 40
	return d
}

// bars compares values of the present.
func bars(title string, width int, queries ...query) draft {
	return draft{width: width, height: 8, panel: panel{
		Type: "bargauge", Title: title, Targets: targets(true, queries),
		FieldConfig: &fieldConfig{Overrides: []any{}, Defaults: fieldDefaults{Unit: "short", NoValue: "0"}},
		Options: map[string]any{
			"orientation": "horizontal", "displayMode": "basic", "reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}},
		},
	}}
}

// good and bad say what a number means by its colour: the first value from which it is bad.
func colours(first, second string, from float64) *thresholds {
	return &thresholds{Mode: "absolute", Steps: []step{{Color: first}, {Color: second, Value: &from}}}
}

// number is one figure; from a value on it is red.
func number(title, unit, expr string, red float64) draft {
	return draft{width: 3, height: 4, panel: panel{
		Type: "stat", Title: title, Targets: targets(true, []query{{expr: expr}}),
		FieldConfig: &fieldConfig{Overrides: []any{}, Defaults: fieldDefaults{Unit: unit, NoValue: "0", Thresholds: colours("green", "red", red)}},
		Options:     map[string]any{"colorMode": "value", "graphMode": "none", "reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}}},
	}}
}

// plain is a figure that is neither good nor bad.
func plain(title, unit, expr string) draft {
	d := number(title, unit, expr, 0)
	d.FieldConfig.Defaults.Thresholds = colours("text", "text", 0)
	return d
}

// wanted is a figure that is red below a value.
func wanted(title, unit, expr string, green float64) draft {
	d := number(title, unit, expr, green)
	d.FieldConfig.Defaults.Thresholds = colours("red", "green", green)
	return d
}

// table shows the labels of an expression's series.
func table(title string, width int, expr string) draft {
	t := targets(true, []query{{expr: expr}})
	t[0].Format = "table"
	return draft{width: width, height: 8, panel: panel{
		Type: "table", Title: title, Targets: t, FieldConfig: &fieldConfig{Overrides: []any{}},
		Transforms: []transform{{ID: "organize", Options: map[string]any{"excludeByName": map[string]bool{"Time": true, "Value": true}}}},
	}}
}

func (d draft) says(description string) draft {
	d.Description = description
	return d
}

// section is a row with its panels.
type section struct {
	title  string
	panels []draft
}

// arrange gives each panel its place, from left to right and top to bottom.
func arrange(sections []section) []panel {
	const columns = 24
	var out []panel
	y := 0
	place := func(p panel, g grid) {
		p.ID, p.GridPos = len(out)+1, g
		out = append(out, p)
	}
	for _, s := range sections {
		place(panel{Type: "row", Title: s.title}, grid{H: 1, W: columns, Y: y})
		y++
		x, tallest := 0, 0
		for i := range s.panels {
			d := &s.panels[i]
			if x+d.width > columns {
				x, y, tallest = 0, y+tallest, 0
			}
			d.Datasource = prometheus
			place(d.panel, grid{H: d.height, W: d.width, X: x, Y: y})
			x, tallest = x+d.width, max(tallest, d.height)
		}
		y += tallest
	}
	return out
}
