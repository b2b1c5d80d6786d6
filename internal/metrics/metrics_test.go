package metrics_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/metrics"
)

func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestWhatIsToldIsGiven(t *testing.T) {
	m := metrics.New("v9")
	m.ReadFrom(func(_ context.Context, set metrics.Set) error {
		set(metrics.DBInUse, 3, "readers")
		return errors.New("the database is away")
	})
	m.Request("/i/{id}", "ok", 3*time.Millisecond)
	m.Request("/i/{id}", "not_found", 700*time.Millisecond)
	m.Items("failed", "source_deleted", 7)
	m.Task("copy", "failed", "all_failed")
	m.Stored("open", "ok", time.Microsecond)
	scrape(t, m) // counts its failure after it was written
	text := scrape(t, m)
	for _, line := range []string{
		`tuchuang_http_requests_total{result="ok",route="/i/{id}"} 1`,
		`tuchuang_http_requests_total{result="not_found",route="/i/{id}"} 1`,
		`tuchuang_http_request_duration_seconds_bucket{route="/i/{id}",le="0.005"} 1`,
		`tuchuang_http_request_duration_seconds_bucket{route="/i/{id}",le="1"} 2`,
		`tuchuang_task_items_total{outcome="failed",reason="source_deleted"} 7`,
		`tuchuang_tasks_total{kind="copy",reason="all_failed",state="failed"} 1`,
		`tuchuang_store_operations_total{operation="open",result="ok"} 1`,
		`tuchuang_db_connections_in_use{pool="readers"} 3`,
		`tuchuang_build_info{go="`,
		`version="v9"} 1`,
		"go_goroutines ",
		"process_start_time_seconds ",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("without %s", line)
		}
	}
	if strings.Contains(text, "tuchuang_scrape_failures_total 0") {
		t.Error("a scrape that failed was not counted")
	}
}

// Requests for pictures are counted one by one.
func TestCountingAllocatesNothing(t *testing.T) {
	m := metrics.New("v9")
	if n := testing.AllocsPerRun(1000, func() { m.Request("/i/{id}", "ok", time.Millisecond) }); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}
