package main

import (
	"context"
	"os"
	"strings"

	"tuchuang/internal/blob"
	"tuchuang/internal/config"
	"tuchuang/internal/db"
)

// ownsFolder says whether something lasting is in the data folder, so that one server
// has it to itself. Else processes are equal, and what they keep there is of no worth
// to any other.
func ownsFolder(conf config.Config) bool { return conf.DatabaseURL == "" || conf.BlobURL == "" }

// openStore opens where content is: in the bucket that is set, or in the data folder.
func openStore(ctx context.Context, conf config.Config) (blob.Store, error) {
	if conf.BlobURL != "" {
		return openBucket(ctx, conf.Bucket, conf.Data, conf.RedirectTo)
	}
	return openDisk(conf.Data)
}

// sentTo is where pictures are redirected to, "" for nowhere.
func sentTo(ctx context.Context, store blob.Store, redirect bool) (string, error) {
	if links, ok := store.(blob.Linker); ok && redirect {
		return links.Origin(ctx)
	}
	return "", nil
}

func openDisk(data string) (blob.Store, error) {
	return blob.NewDisk(dataFile(data, "blobs"), dataFile(data, "uploads"))
}

// openBucket opens a bucket; what is on its way to it waits in the data folder, which
// is made when there is something that has to. Links to it begin with the URL to.
func openBucket(ctx context.Context, b config.Bucket, data, to string) (blob.Store, error) {
	scheme, public, _ := strings.Cut(to, "://")
	return blob.NewS3(ctx, blob.S3Options{
		Bucket: b.Name, Prefix: b.Prefix, Endpoint: b.Endpoint, Region: b.Region, PathStyle: b.PathStyle, Insecure: b.Insecure,
		Spool: spoolOf(data), Public: public, PublicInsecure: scheme == "http",
	})
}

func spoolOf(data string) string { return dataFile(data, "spool") }

// clearSpool makes the folder where bodies wait, and takes away what a process that was
// killed has left there.
func clearSpool(conf config.Config) error {
	if conf.BlobURL == "" {
		return nil
	}
	dir := spoolOf(conf.Data)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return folderError(err, dir)
	}
	if err := blob.ClearSpool(dir); err != nil {
		return folderError(err, dir)
	}
	return nil
}

// placeName names all that rows and content are in, for people.
func placeName(conf config.Config) string {
	var places []string
	if conf.DatabaseURL != "" {
		name, err := db.NameOf(conf.DatabaseURL)
		if err != nil {
			name = "PostgreSQL" // it could not have been opened
		}
		places = append(places, name)
	}
	if ownsFolder(conf) {
		places = append(places, conf.Data)
	}
	if conf.BlobURL != "" {
		places = append(places, bucketName(conf.Bucket))
	}
	return strings.Join(places, " + ")
}

// bucketName names a bucket for people, and always in the same way.
func bucketName(b config.Bucket) string { return "s3://" + b.Endpoint + "/" + b.Name + "/" + b.Prefix }
