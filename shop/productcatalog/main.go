// SPDX-License-Identifier: Apache-2.0

// productcatalog keeps the goods in memory. Every answer is ordered by relevance, which is where its
// CPU time goes: the shop's first bottleneck.
package main

import (
	"context"
	"encoding/json"
	"io/ioutil"
	"log"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"shop/pb"
	"shop/service"
)

type catalog struct {
	products []*pb.Product
	byID     map[string]*pb.Product
	ranker   *ranker
	budget   *service.Budget
}

func load(path string) (*catalog, error) {
	text, err := ioutil.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var goods []struct {
		ID, Name, Description string
		Price                 int64
		Categories            []string
	}
	if err := json.Unmarshal(text, &goods); err != nil {
		return nil, err
	}
	c := &catalog{byID: map[string]*pb.Product{}, budget: service.NewBudget()}
	for _, g := range goods {
		p := &pb.Product{Id: g.ID, Name: g.Name, Description: g.Description,
			Picture: "/images/" + g.ID + ".svg", Categories: g.Categories,
			Price: &pb.Money{Currency: "EUR", MinorUnits: g.Price}}
		c.products = append(c.products, p)
		c.byID[p.Id] = p
	}
	c.ranker = newRanker(c.products)
	return c, nil
}

// ordered returns the products, those most alike to the one at `about` first.
func (c *catalog) ordered(about int) *pb.ProductList {
	order := c.ranker.order(about, c.budget)
	list := &pb.ProductList{Products: make([]*pb.Product, len(order))}
	for i, index := range order {
		list.Products[i] = c.products[index]
	}
	return list
}

func (c *catalog) ListProducts(context.Context, *pb.Empty) (*pb.ProductList, error) {
	return c.ordered(0), nil
}

func (c *catalog) GetProduct(_ context.Context, request *pb.ProductId) (*pb.Product, error) {
	product := c.byID[request.Id]
	if product == nil {
		return nil, status.Errorf(codes.NotFound, "no product %q", request.Id)
	}
	c.ranker.order(c.ranker.index[request.Id], c.budget)
	return product, nil
}

func (c *catalog) GetProducts(_ context.Context, request *pb.ProductIds) (*pb.ProductList, error) {
	c.ranker.order(len(request.Ids)%len(c.products), c.budget)
	list := &pb.ProductList{}
	for _, id := range request.Ids {
		if product := c.byID[id]; product != nil {
			list.Products = append(list.Products, product)
		}
	}
	return list, nil
}

func main() {
	c, err := load(service.Setting("SHOP_PRODUCTS", "products.json"))
	if err != nil {
		log.Fatal(err)
	}
	service.Serve(func(server *grpc.Server) { pb.RegisterProductCatalogServer(server, c) })
}
