// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/ioutil"
	"log"
	"net/http"
	"time"

	"github.com/Shopify/sarama"
	"github.com/golang/protobuf/proto"

	"shop/pb"
)

func newID() string {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		panic(err)
	}
	return hex.EncodeToString(id[:])
}

// mailer asks the email service for a confirmation, a connection per request.
type mailer struct {
	url    string
	client http.Client
}

func newMailer(address string) *mailer {
	return &mailer{url: "http://" + address + "/send_order_confirmation",
		client: http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
}

func (m *mailer) confirm(ctx context.Context, to string, order *pb.Order) error {
	body, err := json.Marshal(map[string]interface{}{"email": to, "order": order})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := m.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(ioutil.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("email answered %s", response.Status)
	}
	return nil
}

// orderLog publishes placed orders for those who care later.
type orderLog struct {
	queue chan *pb.Order
}

const orderTopic = "orders"

func newOrderLog(brokers []string) *orderLog {
	o := &orderLog{queue: make(chan *pb.Order, 1024)}
	go o.run(brokers)
	return o
}

// publish never waits: with the broker away orders pile up to a limit, then are dropped aloud.
func (o *orderLog) publish(order *pb.Order) {
	select {
	case o.queue <- order:
	default:
		log.Printf("order %s: not published, queue full", order.Id)
	}
}

func (o *orderLog) run(brokers []string) {
	config := sarama.NewConfig()
	config.ClientID = "checkout"
	config.Version = sarama.V0_11_0_0
	config.Producer.RequiredAcks = sarama.WaitForLocal
	var producer sarama.AsyncProducer
	for producer == nil {
		var err error
		if producer, err = sarama.NewAsyncProducer(brokers, config); err != nil {
			log.Printf("kafka: %v", err)
			producer = nil
			time.Sleep(time.Second)
		}
	}
	go func() {
		for err := range producer.Errors() {
			log.Printf("kafka: %v", err)
		}
	}()
	for order := range o.queue {
		value, err := proto.Marshal(order)
		if err != nil {
			log.Printf("order %s: %v", order.Id, err)
			continue
		}
		producer.Input() <- &sarama.ProducerMessage{Topic: orderTopic, Value: sarama.ByteEncoder(value)}
	}
}
