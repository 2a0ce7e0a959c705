// SPDX-License-Identifier: Apache-2.0

// shipping asks quote for a price and hands out tracking numbers.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"shop/pb"
	"shop/service"
)

type shipping struct {
	quoteURL string
}

func (s *shipping) GetQuote(ctx context.Context, request *pb.ShippingRequest) (*pb.ShippingQuote, error) {
	count := 0
	for _, item := range request.Items {
		count += int(item.Quantity)
	}
	body, err := json.Marshal(map[string]int{"items": count})
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	ask, err := http.NewRequestWithContext(ctx, http.MethodPost, s.quoteURL, bytes.NewReader(body))
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	ask.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(ask)
	if err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, status.Errorf(codes.Unavailable, "quote answered %s", response.Status)
	}
	var answer struct {
		Cents int64 `json:"cents"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	return &pb.ShippingQuote{Cost: &pb.Money{Currency: "EUR", MinorUnits: answer.Cents}}, nil
}

func (s *shipping) ShipOrder(context.Context, *pb.ShippingRequest) (*pb.Shipment, error) {
	return &pb.Shipment{TrackingId: fmt.Sprintf("PS-%06d-%06d", rand.Intn(1e6), rand.Intn(1e6))}, nil
}

func main() {
	rand.Seed(time.Now().UnixNano())
	s := &shipping{quoteURL: "http://" + service.Setting("QUOTE_ADDRESS", "quote:8090") + "/getquote"}
	service.Serve(func(server *grpc.Server) { pb.RegisterShippingServer(server, s) })
}
