// SPDX-License-Identifier: Apache-2.0

// Package service holds what the shop's Go services share: faults on demand, serving and dialling.
package service

import (
	"bufio"
	"context"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var faultFile = os.Getenv("SHOP_FAULT_FILE") // lines "NAME VALUE"; absent or empty: healthy

const faultMaxAge = 500 * time.Millisecond

var faults struct {
	sync.Mutex
	read   time.Time
	values map[string]float64
	leaked [][]byte
	held   sync.Mutex
}

// fault returns the value of a fault that is switched on, 0 otherwise.
func fault(name string) float64 {
	faults.Lock()
	defer faults.Unlock()
	if time.Since(faults.read) > faultMaxAge {
		faults.read = time.Now()
		faults.values = map[string]float64{}
		if file, err := os.Open(faultFile); err == nil {
			defer file.Close()
			lines := bufio.NewScanner(file)
			for lines.Scan() {
				if words := strings.Fields(lines.Text()); len(words) == 2 {
					faults.values[words[0]], _ = strconv.ParseFloat(words[1], 64)
				}
			}
		}
	}
	return faults.values[name]
}

// Suffer applies the faults that are on; an error answers the call.
func Suffer() error {
	if ms := fault("slow"); ms > 0 {
		time.Sleep(time.Duration(ms * float64(time.Millisecond)))
	}
	if ms := fault("lock"); ms > 0 {
		faults.held.Lock()
		time.Sleep(time.Duration(ms) * time.Millisecond)
		faults.held.Unlock()
	}
	if mib := fault("leak"); mib > 0 {
		block := make([]byte, int(mib*(1<<20)))
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		faults.Lock()
		faults.leaked = append(faults.leaked, block)
		faults.Unlock()
	}
	if share := fault("errors"); share > 0 && rand.Float64() < share {
		return status.Error(codes.Internal, "fault: errors")
	}
	return nil
}

// intercept drops calls nobody waits for any more, and applies faults.
func intercept(ctx context.Context, request interface{}, _ *grpc.UnaryServerInfo,
	handler grpc.UnaryHandler) (interface{}, error) {
	if err := ctx.Err(); err != nil {
		return nil, status.FromContextError(err).Err()
	}
	if err := Suffer(); err != nil {
		return nil, err
	}
	return handler(ctx, request)
}
