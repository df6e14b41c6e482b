//go:build tools

// Package influxd pins what deploy/local builds: InfluxDB's server and the pkg-config that builds its Rust part.
package influxd

import (
	_ "github.com/influxdata/influxdb/v2/cmd/influxd"
	_ "github.com/influxdata/pkg-config"
)
