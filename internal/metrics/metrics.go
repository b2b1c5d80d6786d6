// Package metrics keeps the figures of a server and gives them in Prometheus's
// text. It promises that labels are bounded (words of our own, never a path, a name
// or an id), and that counting costs no allocation. It knows none of the rooms:
// what they tell is handed on by the command, and they know nothing of it.
package metrics

import (
	"context"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the figures of one server. Its methods may be called at the same time.
type Metrics struct {
	registry *prometheus.Registry

	requests     *prometheus.CounterVec
	requestTimes *prometheus.HistogramVec
	tasks        *prometheus.CounterVec
	taskTimes    *prometheus.HistogramVec
	taskWaits    *prometheus.HistogramVec
	items        *prometheus.CounterVec
	attempts     *prometheus.CounterVec
	stored       *prometheus.CounterVec
	storeTimes   *prometheus.HistogramVec
	decodeTimes  prometheus.Observer
	decodeWaits  prometheus.Observer
	logged       *prometheus.CounterVec
	readFailures prometheus.Counter
}

// Limits of time, in seconds: from what memory answers to what a limit ends.
var (
	quick = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	long  = []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600}
)

// New makes the figures of a server of some version.
func New(version string) *Metrics {
	m := &Metrics{
		registry:     prometheus.NewRegistry(),
		requests:     counters("http_requests_total", "Requests answered, by route and by the word of the result (ok, or what went wrong).", "route", "result"),
		requestTimes: times("http_request_duration_seconds", "From a request's head to the end of its answer.", quick, "route"),
		tasks:        counters("tasks_total", "Tasks that ended, by state and by why they failed.", "kind", "state", "reason"),
		taskTimes:    times("task_duration_seconds", "From a task's first claim to its end.", long, "kind"),
		taskWaits:    times("task_wait_seconds", "From a task's creation to its first claim.", long, "kind"),
		items:        counters("task_items_total", "Pictures and skipped files of tasks, by outcome and reason.", "outcome", "reason"),
		attempts:     counters("task_attempts_total", "Attempts at tasks that are over, by how.", "kind", "result"),
		stored:       counters("store_operations_total", "Operations of the blob store, by how they ended.", "operation", "result"),
		storeTimes:   times("store_duration_seconds", "How long operations of the blob store took.", quick, "operation"),
		logged:       counters("log_lines_total", "Lines of the log, by level.", "level"),
		readFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "scrape_failures_total", Help: "Scrapes for which the database did not give its figures.",
		}),
	}
	decodeTimes := times("decoder_duration_seconds", "How long decoders of pictures took for a thumbnail, with the reading.", quick)
	decodeWaits := times("decoder_wait_seconds", "How long pictures waited for a decoder.", quick)
	m.decodeTimes, m.decodeWaits = decodeTimes.WithLabelValues(), decodeWaits.WithLabelValues()
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: "build_info", Help: "Always 1; what runs."}, []string{"version", "go"})
	info.WithLabelValues(version, runtime.Version()).Set(1)
	m.registry.MustRegister(
		m.requests, m.requestTimes, m.tasks, m.taskTimes, m.taskWaits, m.items, m.attempts, m.stored, m.storeTimes, decodeTimes, decodeWaits, m.logged,
		m.readFailures, info, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

const namespace = "tuchuang"

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func times(name, help string, limits []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: limits}, labels)
}

// Request counts a request that was answered. route is a pattern of ours.
func (m *Metrics) Request(route, result string, took time.Duration) {
	m.requests.WithLabelValues(route, result).Inc()
	m.requestTimes.WithLabelValues(route).Observe(took.Seconds())
}

// Task counts a task that has ended; reason is empty unless it failed.
func (m *Metrics) Task(kind, state, reason string) {
	m.tasks.WithLabelValues(kind, state, reason).Inc()
}

// Took notes how long a task took from its first claim on.
func (m *Metrics) Took(kind string, took time.Duration) {
	m.taskTimes.WithLabelValues(kind).Observe(took.Seconds())
}

// Waited notes how long a task waited for its first claim.
func (m *Metrics) Waited(kind string, took time.Duration) {
	m.taskWaits.WithLabelValues(kind).Observe(took.Seconds())
}

// Attempt counts an attempt at a task that is over.
func (m *Metrics) Attempt(kind, result string) { m.attempts.WithLabelValues(kind, result).Inc() }

// Items counts pictures of tasks that have an outcome.
func (m *Metrics) Items(outcome, reason string, n int) {
	m.items.WithLabelValues(outcome, reason).Add(float64(n))
}

// Stored counts an operation of the blob store.
func (m *Metrics) Stored(operation, result string, took time.Duration) {
	m.stored.WithLabelValues(operation, result).Inc()
	m.storeTimes.WithLabelValues(operation).Observe(took.Seconds())
}

// Decoded notes how long a picture waited for a decoder, and how long that took.
func (m *Metrics) Decoded(waited, took time.Duration) {
	m.decodeWaits.Observe(waited.Seconds())
	m.decodeTimes.Observe(took.Seconds())
}

// Logged counts a line of the log.
func (m *Metrics) Logged(level string) { m.logged.WithLabelValues(level).Inc() }

// Number is a figure that a room counts by itself, or the database knows: it is read
// for each scrape.
type Number struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func number(kind prometheus.ValueType, name, help string, labels ...string) *Number {
	n := &Number{prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil), kind}
	numbers = append(numbers, n)
	return n
}

var numbers []*Number

// The figures that are read for each scrape.
var (
	QueueTasks  = number(prometheus.GaugeValue, "queue_tasks", "Unfinished tasks of all processes, by state.", "kind", "state")
	QueueOldest = number(prometheus.GaugeValue, "queue_oldest_waiting_seconds", "Age of the oldest task that waits, of all processes; 0 where none does.", "kind")
	UploadsOpen = number(prometheus.GaugeValue, "uploads_open", "Uploads that are open, of all processes.")
	StoreRoom   = number(prometheus.GaugeValue, "store_room_bytes", "Bytes that can still be stored.")

	PicturesServed = number(prometheus.CounterValue, "pictures_served_total", "Published pictures answered, by where the answer came from.", "from")
	PictureBytes   = number(prometheus.CounterValue, "picture_bytes_total", "Bytes of published pictures sent.")
	PictureUnknown = number(prometheus.CounterValue, "picture_unknown_total", "Times that memory did not know the facts of a picture and the database was asked.")

	Thumbnails         = number(prometheus.CounterValue, "thumbnails_total", "Thumbnails answered: ok, or a drawing that says why there is no picture.", "kind")
	ThumbnailsFromKept = number(prometheus.CounterValue, "thumbnails_from_kept_total", "Of those, that were there already.")
	ThumbnailsKept     = number(prometheus.GaugeValue, "thumbnails_kept_bytes", "Bytes of thumbnails that are kept on the disk.")
	DecodersRunning    = number(prometheus.GaugeValue, "decoder_running", "Decoders of pictures that work.")
	DecodersWaiting    = number(prometheus.GaugeValue, "decoder_waiting", "Pictures that wait for a decoder.")
	DecodersMemory     = number(prometheus.GaugeValue, "decoder_memory_bytes", "Bytes that the decoders may hold at this moment.")
	DecodersRefused    = number(prometheus.CounterValue, "decoder_refused_total", "Pictures that no decoder took, since too many waited or for too long.")

	DBConnections = number(prometheus.GaugeValue, "db_connections", "Connections that a pool may have.", "pool")
	DBInUse       = number(prometheus.GaugeValue, "db_connections_in_use", "Connections of a pool that are in use.", "pool")
	DBWaits       = number(prometheus.CounterValue, "db_waits_total", "Times that somebody had to wait for a connection of a pool.", "pool")
	DBWaited      = number(prometheus.CounterValue, "db_wait_seconds_total", "How long all waited for a connection of a pool.", "pool")
	DBWrites      = number(prometheus.CounterValue, "db_writes_total", "Transactions that write, by how they ended.", "result")
	DBWriteTime   = number(prometheus.CounterValue, "db_write_seconds_total", "How long all transactions that write took, their waiting and retries included.")
	DBCommits     = number(prometheus.CounterValue, "db_commits_total", "Commits; with SQLite many writes may share one.")
	DBRetries     = number(prometheus.CounterValue, "db_retries_total", "Transactions that were tried again.")
	DBPending     = number(prometheus.GaugeValue, "db_writes_pending", "Writes that wait for the one that writes, with SQLite.")
)

// Set gives a number its value for a scrape; labels are in the number's order.
type Set func(n *Number, value float64, labels ...string)

// ReadFrom has read called for each scrape. Its error is counted, and what it had
// set by then is given. Call it once.
func (m *Metrics) ReadFrom(read func(ctx context.Context, set Set) error) {
	m.registry.MustRegister(&reader{read, m.readFailures})
}

// readLimit bounds what a scrape asks of the database: a scraper waits no longer.
const readLimit = 5 * time.Second

type reader struct {
	read     func(ctx context.Context, set Set) error
	failures prometheus.Counter
}

func (r *reader) Describe(to chan<- *prometheus.Desc) {
	for _, n := range numbers {
		to <- n.desc
	}
}

func (r *reader) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readLimit)
	defer cancel()
	err := r.read(ctx, func(n *Number, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(n.desc, n.kind, value, labels...)
	})
	if err != nil {
		r.failures.Inc()
	}
}

// Handler answers a scrape.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4})
}

// Expected are label values that a server knows beforehand.
type Expected struct {
	Routes, Results          []string               // of requests
	Kinds, Attempts          []string               // of tasks
	Ends                     map[string][][2]string // by kind: state and reason of tasks
	Outcomes                 [][2]string            // outcome and reason of items
	Operations, StoreResults []string
	Levels                   []string
}

// Expect has counters be there from the beginning, at 0: of one that comes into being
// with its first event nobody sees that it has grown.
func (m *Metrics) Expect(e Expected) {
	for _, route := range e.Routes {
		for _, result := range e.Results {
			m.requests.WithLabelValues(route, result)
		}
		m.requestTimes.WithLabelValues(route)
	}
	for _, kind := range e.Kinds {
		for _, end := range e.Ends[kind] {
			m.tasks.WithLabelValues(kind, end[0], end[1])
		}
		for _, result := range e.Attempts {
			m.attempts.WithLabelValues(kind, result)
		}
		m.taskTimes.WithLabelValues(kind)
		m.taskWaits.WithLabelValues(kind)
	}
	for _, o := range e.Outcomes {
		m.items.WithLabelValues(o[0], o[1])
	}
	for _, operation := range e.Operations {
		for _, result := range e.StoreResults {
			m.stored.WithLabelValues(operation, result)
		}
		m.storeTimes.WithLabelValues(operation)
	}
	for _, level := range e.Levels {
		m.logged.WithLabelValues(level)
	}
}
