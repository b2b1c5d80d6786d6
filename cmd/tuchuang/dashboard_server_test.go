package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	figureName = regexp.MustCompile(`\b((?:tuchuang|go|process)_[a-z0-9_]+)(\{[^}]*\})?`)
	labelTest  = regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)`)
	labelValue = regexp.MustCompile(`([a-z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"`)
	grouping   = regexp.MustCompile(`\bby \(([^)]*)\)`)
	ruleQuery  = regexp.MustCompile(`(?m)^\s+expr: (.*)$`)
)

// ofTheScraper are the labels that Prometheus adds by itself.
var ofTheScraper = []string{"job", "instance"}

// queries are what a dashboard asks, by the title of its panel.
func queries(t *testing.T, file string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Type    string
			Targets []struct{ Expr, RefID string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]string)
	for _, p := range board.Panels {
		if p.Type == "row" {
			continue
		}
		if _, twice := all[p.Title]; twice || len(p.Targets) == 0 {
			t.Errorf("panel %q stands twice, or asks nothing", p.Title)
		}
		for _, target := range p.Targets {
			all[p.Title] = append(all[p.Title], target.Expr)
		}
	}
	return all
}

// misnamed says what a query names that is not there: labels, by figure, are.
func misnamed(query string, labels map[string][]string) (wrong []string) {
	known := slices.Clone(ofTheScraper)
	for _, m := range figureName.FindAllStringSubmatch(query, -1) {
		have, there := labels[m[1]]
		if !there {
			wrong = append(wrong, m[1])
		}
		known = append(known, have...)
		for _, l := range labelTest.FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(have, l[1]) && !slices.Contains(ofTheScraper, l[1]) {
				wrong = append(wrong, m[1]+"{"+l[1]+"}")
			}
		}
	}
	for _, m := range grouping.FindAllStringSubmatch(query, -1) {
		for l := range strings.SplitSeq(m[1], ",") {
			if l = strings.TrimSpace(l); !slices.Contains(known, l) {
				wrong = append(wrong, "by "+l)
			}
		}
	}
	return wrong
}

// atStart are queries' series that a server which nobody has asked anything lacks: where
// a query names values of a label, each of them.
func atStart(query string, series []string) (lacking []string) {
	for _, m := range figureName.FindAllStringSubmatch(query, -1) {
		tests := labelValue.FindAllStringSubmatch(m[2], -1)
		wanted := [][]string{nil}
		for _, l := range tests {
			if slices.Contains(ofTheScraper, l[1]) || l[2] == "!=" || l[2] == "!~" || strings.ContainsAny(l[3], "$.*") {
				continue
			}
			var next [][]string
			for _, before := range wanted {
				for value := range strings.SplitSeq(l[3], "|") {
					next = append(next, append(slices.Clone(before), l[1]+`="`+value+`"`))
				}
			}
			wanted = next
		}
		for _, want := range wanted {
			if !slices.ContainsFunc(series, func(s string) bool {
				name, labels, _ := strings.Cut(s, "{")
				return name == m[1] && !slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(labels, w) })
			}) {
				lacking = append(lacking, m[1]+strings.Join(want, ","))
			}
		}
	}
	return lacking
}

// Every series that an alert or the dashboard asks for is there before the first event,
// which would else be the series' beginning, and no growth.
func TestServerFiguresFromTheStart(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	r := p.start("--data", filepath.Join(p.home, "data"), "--metrics-listen", "127.0.0.1:0")
	var series []string
	for name := range figures(t, r.aside("metrics")) {
		series = append(series, name)
	}
	r.stop()
	for title, list := range queries(t, "../../docs/grafana.json") {
		for _, query := range list {
			if lacking := atStart(query, series); lacking != nil {
				t.Errorf("panel %q: %v", title, lacking)
			}
		}
	}
	text, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ruleQuery.FindAllStringSubmatch(string(text), -1) {
		if lacking := atStart(m[1], series); lacking != nil {
			t.Errorf("an alert: %v in %s", lacking, m[1])
		}
	}
	// Each of these begins by itself, by route, operation or reason.
	for _, one := range []string{
		`tuchuang_http_requests_total{result="content_missing",route="/d"}`, `tuchuang_http_requests_total{result="content_missing",route="/i"}`,
		`tuchuang_http_requests_total{result="content_missing",route="/api/v1/file/list"}`,
		`tuchuang_store_operations_total{operation="commit",result="unavailable"}`, `tuchuang_tasks_total{kind="copy",reason="all_failed",state="failed"}`,
	} {
		if !slices.Contains(series, one) {
			t.Errorf("without %s", one)
		}
	}
	if got := atStart(`tuchuang_log_lines_total{level=~"ERROR|PANIC"}`, series); len(got) != 1 {
		t.Errorf("lacking are %v", got)
	}
}

// The dashboard and the alerts ask for figures that a server gives, with labels that
// these have, and the dashboard shows every one of ours.
func TestServerDashboard(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	data := filepath.Join(p.home, "data")
	r := p.start("--data", data, "--metrics-listen", "127.0.0.1:0")
	_, links := r.publish(r.account(p, data, "writer"), 10)
	get(t, links[0])
	labels := make(map[string][]string)
	for name := range figures(t, r.aside("metrics")) {
		name, rest, _ := strings.Cut(name, "{")
		labels[name] = nil
		for _, l := range labelTest.FindAllStringSubmatch(rest, -1) {
			labels[name] = append(labels[name], l[1])
		}
	}
	r.stop()

	shown := ""
	for title, list := range queries(t, "../../docs/grafana.json") {
		for _, query := range list {
			shown += query + "\n"
			if wrong := misnamed(query, labels); wrong != nil {
				t.Errorf("panel %q: %v in %s", title, wrong, query)
			}
		}
	}
	for name := range labels {
		family := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count"), "_sum")
		if strings.HasPrefix(name, "tuchuang_") && !strings.Contains(shown, family) {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
	text, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	rules := ruleQuery.FindAllStringSubmatch(string(text), -1)
	if len(rules) < 10 || len(rules) != strings.Count(string(text), "- alert: ") {
		t.Errorf("%d rules", len(rules))
	}
	for _, m := range rules {
		if wrong := misnamed(m[1], labels); wrong != nil {
			t.Errorf("an alert: %v in %s", wrong, m[1])
		}
	}
	for query, want := range map[string]int{
		`sum by (le, route) (rate(tuchuang_http_request_duration_seconds_bucket{job="x",route!="/i"}[5m]))`: 0,
		`tuchuang_nothing{a="b"}`:                            2,
		`sum by (colour) (tuchuang_uploads_open{size=~"."})`: 2,
	} {
		if wrong := misnamed(query, labels); len(wrong) != want {
			t.Errorf("%s: found %v, want %d", query, wrong, want)
		}
	}
}
