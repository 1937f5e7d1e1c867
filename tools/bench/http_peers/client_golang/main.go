// SPDX-License-Identifier: Apache-2.0

// A peer of tools/bench/http_bench: client_golang's promhttp with the series of the bench, on 127.0.0.1:PORT.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const families = 10

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: client_golang PORT SERIES")
	}
	series, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	gauges := make([]*prometheus.GaugeVec, families)
	for i := range gauges {
		gauges[i] = prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: fmt.Sprintf("bench_usage_bytes_%d", i), Help: "Usage in bytes."},
			[]string{"scope", "instance", "device"})
		registry.MustRegister(gauges[i])
	}
	for i := 0; i < series; i++ {
		gauges[i%families].WithLabelValues(fmt.Sprintf("tenant-%05d", i),
			fmt.Sprintf("10.0.%d.%d:9100", i/250, i%250), fmt.Sprintf("disk%d", i%8)).Set(float64(i) * 1234.5678)
	}
	http.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
