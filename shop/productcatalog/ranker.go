// SPDX-License-Identifier: Apache-2.0

package main

import (
	"hash/fnv"
	"math"
	"sort"
	"strings"

	"shop/pb"
	"shop/service"
)

const dimensions = 64 // of a product's term vector

// ranker compares products by the words that describe them.
type ranker struct {
	vectors [][dimensions]float64
	index   map[string]int
}

func newRanker(products []*pb.Product) *ranker {
	r := &ranker{index: map[string]int{}}
	for i, p := range products {
		r.index[p.Id] = i
		r.vectors = append(r.vectors, terms(p))
	}
	return r
}

func terms(p *pb.Product) (vector [dimensions]float64) {
	text := p.Name + " " + p.Description + " " + strings.Join(p.Categories, " ")
	for _, word := range strings.Fields(strings.ToLower(text)) {
		hash := fnv.New32a()
		hash.Write([]byte(word))
		vector[hash.Sum32()%dimensions]++
	}
	return vector
}

// order sorts all products by likeness to `about`. Each step spreads likeness one further over the graph of
// similar products: more steps, finer order; the budget says how many.
func (r *ranker) order(about int, budget *service.Budget) []int {
	n := len(r.vectors)
	score := make([]float64, n)
	next := make([]float64, n)
	score[about] = 1
	budget.Spend(func() {
		total := 0.0
		for i := range next {
			next[i] = 0
			for j := range score {
				next[i] += score[j] * cosine(&r.vectors[i], &r.vectors[j])
			}
			total += next[i]
		}
		for i := range next {
			score[i] = next[i] / total
		}
	})
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return score[order[a]] > score[order[b]] })
	return order
}

func cosine(a, b *[dimensions]float64) float64 {
	dot, aa, bb := 0.0, 0.0, 0.0
	for i := range a {
		dot += a[i] * b[i]
		aa += a[i] * a[i]
		bb += b[i] * b[i]
	}
	return dot / math.Sqrt(aa*bb)
}
