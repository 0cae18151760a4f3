// The interoperability tests of gRPC's own authors, through the proxy: `server` is the app, `client` asks it.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/interop"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

func serve(address string) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fail("%v", err)
	}
	server := grpc.NewServer()
	pb.RegisterTestServiceServer(server, interop.NewTestServer())
	fmt.Printf("listening on %s\n", listener.Addr())
	if err := server.Serve(listener); err != nil {
		fail("%v", err)
	}
}

type cookie string

func (c cookie) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"cookie": string(c)}, nil
}
func (c cookie) RequireTransportSecurity() bool { return true }

func dial(address, ca, name, session string) *grpc.ClientConn {
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(ca)
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		fail("no authority in %s: %v", ca, err)
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool, ServerName: name})),
		grpc.WithAuthority(name),
	}
	if session != "" {
		options = append(options, grpc.WithPerRPCCredentials(cookie(session)))
	}
	connection, err := grpc.NewClient("passthrough:///"+address, options...)
	if err != nil {
		fail("%v", err)
	}
	return connection
}

// Without a session: the status is ours.
func expectRefused(connection *grpc.ClientConn) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client := pb.NewTestServiceClient(connection)
	_, err := client.EmptyCall(ctx, &pb.Empty{})
	if status.Code(err) != codes.Unauthenticated {
		fail("without a session: %v", err)
	}
	stream, err := client.FullDuplexCall(ctx)
	if err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.Unauthenticated {
		fail("a stream without a session: %v", err)
	}
	unknown := connection.Invoke(ctx, "/nowhere/Method", &pb.Empty{}, &pb.Empty{})
	if status.Code(unknown) != codes.Unimplemented {
		fail("no route: %v", unknown)
	}
	fmt.Println("refusals: ok")
}

// What grows with the number of streams and the size of messages.
func manyAtOnce(connection *grpc.ClientConn) {
	client := pb.NewTestServiceClient(connection)
	done := make(chan error)
	const calls = 300
	for i := 0; i < calls; i++ {
		go func(size int) {
			ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
			defer cancel()
			ctx = metadata.AppendToOutgoingContext(ctx, "x-number", fmt.Sprint(size))
			answer, err := client.UnaryCall(ctx, &pb.SimpleRequest{ResponseSize: int32(size), Payload: &pb.Payload{Body: make([]byte, size)}})
			if err == nil && len(answer.GetPayload().GetBody()) != size {
				err = fmt.Errorf("%d bytes for %d", len(answer.GetPayload().GetBody()), size)
			}
			done <- err
		}(i * 1000)
	}
	for i := 0; i < calls; i++ {
		if err := <-done; err != nil {
			fail("many at once: %v", err)
		}
	}
	fmt.Println("many at once: ok")
}

func ask(connection *grpc.ClientConn) {
	client := pb.NewTestServiceClient(connection)
	ctx := context.Background()
	cases := []struct {
		name string
		run  func()
	}{
		{"empty_unary", func() { interop.DoEmptyUnaryCall(ctx, client) }},
		{"large_unary", func() { interop.DoLargeUnaryCall(ctx, client) }},
		{"client_streaming", func() { interop.DoClientStreaming(ctx, client) }},
		{"server_streaming", func() { interop.DoServerStreaming(ctx, client) }},
		{"ping_pong", func() { interop.DoPingPong(ctx, client) }},
		{"empty_stream", func() { interop.DoEmptyStream(ctx, client) }},
		{"timeout_on_sleeping_server", func() { interop.DoTimeoutOnSleepingServer(ctx, client) }},
		{"cancel_after_begin", func() { interop.DoCancelAfterBegin(ctx, client) }},
		{"cancel_after_first_response", func() { interop.DoCancelAfterFirstResponse(ctx, client) }},
		{"status_code_and_message", func() { interop.DoStatusCodeAndMessage(ctx, client) }},
		{"special_status_message", func() { interop.DoSpecialStatusMessage(ctx, client) }},
		{"custom_metadata", func() { interop.DoCustomMetadata(ctx, client) }},
		{"unimplemented_method", func() { interop.DoUnimplementedMethod(ctx, connection) }},
	}
	for _, one := range cases {
		one.run() // which ends the process when it fails
		fmt.Printf("%s: ok\n", one.name)
	}
	manyAtOnce(connection)
}

func main() {
	mode := flag.String("mode", "client", "server, client or refused")
	address := flag.String("address", "127.0.0.1:0", "where to listen, or whom to ask")
	ca := flag.String("ca", "", "the authority of the proxy's certificate")
	name := flag.String("name", "app.test", "the proxy's host")
	session := flag.String("cookie", "", "a session")
	flag.Parse()
	switch *mode {
	case "server":
		serve(*address)
	case "refused":
		expectRefused(dial(*address, *ca, *name, ""))
	default:
		ask(dial(*address, *ca, *name, *session))
	}
}
