// SPDX-License-Identifier: Apache-2.0

// checkout turns a cart into an order. It opens a new connection for every call it makes.
package main

import (
	"context"
	"log"
	"os"
	"strings"

	"google.golang.org/grpc"

	"shop/pb"
	"shop/service"
)

type checkout struct {
	cart, catalog, currency, payment, shipping string
	mail                                       *mailer
	orders                                     *orderLog
}

func (c *checkout) PlaceOrder(ctx context.Context, request *pb.OrderRequest) (*pb.Order, error) {
	order := &pb.Order{Id: newID()}
	steps := []func(context.Context, *pb.OrderRequest, *pb.Order) error{
		c.takeCart, c.price, c.quote, c.charge, c.ship, c.clearCart}
	for _, step := range steps {
		if err := step(ctx, request, order); err != nil {
			return nil, err
		}
	}
	if err := c.mail.confirm(ctx, request.Email, order); err != nil {
		log.Printf("order %s: no confirmation: %v", order.Id, err)
	}
	c.orders.publish(order)
	return order, nil
}

func (c *checkout) takeCart(ctx context.Context, request *pb.OrderRequest, order *pb.Order) error {
	return service.Once(ctx, c.cart, func(ctx context.Context, to *grpc.ClientConn) error {
		cart, err := pb.NewCartServiceClient(to).GetCart(ctx, &pb.UserId{Id: request.UserId})
		order.Items = cart.GetItems()
		return err
	})
}

// price asks for all items at once.
func (c *checkout) price(ctx context.Context, request *pb.OrderRequest, order *pb.Order) error {
	order.Total = &pb.Money{Currency: request.Currency}
	type answer struct {
		cost int64
		err  error
	}
	answers := make(chan answer, len(order.Items))
	for _, item := range order.Items {
		go func(item *pb.CartItem) {
			price, err := c.priceOf(ctx, item.ProductId, request.Currency)
			answers <- answer{price.GetMinorUnits() * int64(item.Quantity), err}
		}(item)
	}
	var failed error
	for range order.Items {
		one := <-answers
		order.Total.MinorUnits += one.cost
		if one.err != nil {
			failed = one.err
		}
	}
	return failed
}

func (c *checkout) priceOf(ctx context.Context, id, currency string) (*pb.Money, error) {
	var product *pb.Product
	err := service.Once(ctx, c.catalog, func(ctx context.Context, to *grpc.ClientConn) (err error) {
		product, err = pb.NewProductCatalogClient(to).GetProduct(ctx, &pb.ProductId{Id: id})
		return err
	})
	if err != nil {
		return nil, err
	}
	return c.convert(ctx, product.Price, currency)
}

func (c *checkout) convert(ctx context.Context, money *pb.Money, to string) (out *pb.Money, err error) {
	err = service.Once(ctx, c.currency, func(ctx context.Context, channel *grpc.ClientConn) (err error) {
		out, err = pb.NewCurrencyClient(channel).Convert(ctx, &pb.ConversionRequest{From: money, ToCurrency: to})
		return err
	})
	return out, err
}

func (c *checkout) quote(ctx context.Context, request *pb.OrderRequest, order *pb.Order) error {
	parcel := &pb.ShippingRequest{Address: request.Address, Items: order.Items}
	return service.Once(ctx, c.shipping, func(ctx context.Context, to *grpc.ClientConn) error {
		quote, err := pb.NewShippingClient(to).GetQuote(ctx, parcel)
		if err != nil {
			return err
		}
		order.Shipping = quote.Cost
		order.Total.MinorUnits += quote.Cost.GetMinorUnits()
		return nil
	})
}

func (c *checkout) charge(ctx context.Context, request *pb.OrderRequest, order *pb.Order) error {
	return service.Once(ctx, c.payment, func(ctx context.Context, to *grpc.ClientConn) error {
		reply, err := pb.NewPaymentClient(to).Charge(ctx, &pb.ChargeRequest{Amount: order.Total, Card: request.Card})
		order.TransactionId = reply.GetTransactionId()
		return err
	})
}

func (c *checkout) ship(ctx context.Context, request *pb.OrderRequest, order *pb.Order) error {
	parcel := &pb.ShippingRequest{Address: request.Address, Items: order.Items}
	return service.Once(ctx, c.shipping, func(ctx context.Context, to *grpc.ClientConn) error {
		shipment, err := pb.NewShippingClient(to).ShipOrder(ctx, parcel)
		order.TrackingId = shipment.GetTrackingId()
		return err
	})
}

func (c *checkout) clearCart(ctx context.Context, request *pb.OrderRequest, _ *pb.Order) error {
	return service.Once(ctx, c.cart, func(ctx context.Context, to *grpc.ClientConn) error {
		_, err := pb.NewCartServiceClient(to).EmptyCart(ctx, &pb.UserId{Id: request.UserId})
		return err
	})
}

func main() {
	log.SetOutput(os.Stdout)
	c := &checkout{
		cart:     service.Setting("CART_ADDRESS", "cart:7070"),
		catalog:  service.Setting("PRODUCTCATALOG_ADDRESS", "productcatalog:3550"),
		currency: service.Setting("CURRENCY_ADDRESS", "currency:7001"),
		payment:  service.Setting("PAYMENT_ADDRESS", "payment:50051"),
		shipping: service.Setting("SHIPPING_ADDRESS", "shipping:50050"),
		mail:     newMailer(service.Setting("EMAIL_ADDRESS", "email:6060")),
		orders:   newOrderLog(strings.Split(service.Setting("KAFKA_ADDRESS", "kafka:9092"), ",")),
	}
	service.Serve(func(server *grpc.Server) { pb.RegisterCheckoutServer(server, c) })
}
