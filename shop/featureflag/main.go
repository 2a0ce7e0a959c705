// SPDX-License-Identifier: Apache-2.0

// featureflag answers which switches are on; they live in PostgreSQL.
package main

import (
	"context"
	"database/sql"
	"log"
	"time"

	_ "github.com/lib/pq" // the driver registers itself
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"shop/pb"
	"shop/service"
)

type flags struct {
	db *sql.DB
}

var initial = map[string]bool{"recommendation-cache": false, "seasonal-ads": true}

// prepare waits for the database and brings the flags the shop starts with.
func (f *flags) prepare() {
	for {
		_, err := f.db.Exec(`CREATE TABLE IF NOT EXISTS flag (name text PRIMARY KEY, enabled boolean NOT NULL)`)
		if err == nil {
			break
		}
		log.Printf("postgresql: %v", err)
		time.Sleep(500 * time.Millisecond)
	}
	for name, enabled := range initial {
		if _, err := f.db.Exec(`INSERT INTO flag VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, enabled); err != nil {
			log.Fatal(err)
		}
	}
}

func (f *flags) GetFlag(ctx context.Context, request *pb.FlagName) (*pb.Flag, error) {
	flag := &pb.Flag{Name: request.Name}
	err := f.db.QueryRowContext(ctx, `SELECT enabled FROM flag WHERE name = $1`, request.Name).Scan(&flag.Enabled)
	if err == sql.ErrNoRows {
		return nil, status.Errorf(codes.NotFound, "no flag %q", request.Name)
	}
	if err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	return flag, nil
}

func main() {
	db, err := sql.Open("postgres", service.Setting("SHOP_DATABASE",
		"host=postgresql user=shop dbname=shop sslmode=disable"))
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(4)
	f := &flags{db: db}
	f.prepare()
	service.Serve(func(server *grpc.Server) { pb.RegisterFeatureFlagServer(server, f) })
}
