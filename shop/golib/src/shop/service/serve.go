// SPDX-License-Identifier: Apache-2.0

package service

import (
	"context"
	"log"
	"net"
	"os"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// Setting reads an environment variable.
func Setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// Number reads an environment variable as an integer.
func Number(name string, otherwise int) int {
	if value, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return value
	}
	return otherwise
}

// Serve answers gRPC on SHOP_PORT until the process ends. Connections are told to go after
// SHOP_CONNECTION_AGE_MS, so that clients behind a ClusterIP spread over new replicas.
func Serve(register func(*grpc.Server)) {
	options := []grpc.ServerOption{grpc.UnaryInterceptor(intercept)}
	if age := Number("SHOP_CONNECTION_AGE_MS", 0); age > 0 {
		options = append(options, grpc.KeepaliveParams(
			keepalive.ServerParameters{MaxConnectionAge: time.Duration(age) * time.Millisecond}))
	}
	server := grpc.NewServer(options...)
	register(server)
	listener, err := net.Listen("tcp4", ":"+Setting("SHOP_PORT", "0"))
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("serving on %s", listener.Addr())
	log.Fatal(server.Serve(listener))
}

// Dial returns a channel that connects when it is first used.
func Dial(address string) *grpc.ClientConn {
	channel, err := grpc.Dial(address, grpc.WithInsecure(), grpc.WithDisableServiceConfig())
	if err != nil {
		log.Fatal(err)
	}
	return channel
}

// Once makes one call over a connection of its own and closes it.
func Once(ctx context.Context, address string, call func(context.Context, *grpc.ClientConn) error) error {
	channel, err := grpc.DialContext(ctx, address, grpc.WithInsecure(), grpc.WithDisableServiceConfig())
	if err != nil {
		return err
	}
	defer channel.Close()
	return call(ctx, channel)
}
