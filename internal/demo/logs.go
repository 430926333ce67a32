package demo

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"archiver/snapshot/snapshottest"
)

const (
	stream    = "logdata"
	shards    = 2
	batches   = 24 // one an hour, each a segment in both shards
	batchDocs = 15
)

// indexName is a date's index: logdata-DDMMYYYY.
func indexName(date string) string { return stream + "-" + date[8:10] + date[5:7] + date[:4] }

// record is one log document.
type record struct {
	Time     time.Time `json:"@timestamp"`
	Level    string    `json:"level"`
	Service  string    `json:"service"`
	Client   string    `json:"client"`
	Message  string    `json:"message"`
	Status   int       `json:"status"`
	Duration int       `json:"duration_ms"`
}

// writeLogs makes a day's index and returns its number of documents. The same
// date has the same logs every time.
func writeLogs(c *snapshottest.Cluster, date string) int {
	day, _ := time.Parse(time.DateOnly, date) // it was formatted so
	random := rand.New(rand.NewPCG(uint64(day.Unix()), 1))
	c.AddIndex(indexName(date), shards, nil)
	for hour := range batches {
		docs := make([]snapshottest.Doc, batchDocs)
		for i := range docs {
			at := day.Add(time.Duration(hour)*time.Hour + time.Duration(i)*time.Hour/batchDocs + time.Duration(random.IntN(60_000))*time.Millisecond)
			source, _ := json.Marshal(request(random, at)) // strings, numbers and a time: cannot fail
			docs[i] = snapshottest.Doc{ID: fmt.Sprintf("%02d%02d", hour, i), Source: source}
		}
		_ = c.AddDocs(indexName(date), docs) // the index is there
	}
	return batches * batchDocs
}

// request is a web service's line about one request.
func request(random *rand.Rand, at time.Time) record {
	paths := []string{"/login", "/accounts/7", "/orders", "/orders/4711", "/search?q=shoes", "/health"}
	services := []string{"gateway", "accounts", "orders"}
	methods := []string{"GET", "GET", "GET", "POST"}
	r := record{
		Time: at, Level: "INFO", Service: services[random.IntN(len(services))], Status: 200,
		Client: fmt.Sprintf("192.0.2.%d", 1+random.IntN(254)), Duration: 3 + random.IntN(240),
	}
	switch n := random.IntN(100); {
	case n < 2:
		r.Level, r.Status, r.Duration = "ERROR", 503, 30_000
	case n < 8:
		r.Level, r.Status = "WARN", 403
	}
	r.Message = fmt.Sprintf("%s %s answered %d in %d ms", methods[random.IntN(len(methods))], paths[random.IntN(len(paths))], r.Status, r.Duration)
	return r
}
