package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
)

// makeImage writes an image as an OCI archive: one layer with one static program, which is what runs.
func makeImage(args []string) error {
	flags := flag.NewFlagSet("image", flag.ExitOnError)
	binary := flags.String("binary", "", "the static program")
	name := flags.String("name", "", "the image's full name")
	out := flags.String("out", "", "the archive to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	program, err := os.ReadFile(*binary)
	if err != nil {
		return err
	}
	layer, err := pack([]entry{{"program", 0o755, program}})
	if err != nil {
		return err
	}
	type object = map[string]any
	config, err := json.Marshal(object{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": object{"Entrypoint": []string{"/program"}, "User": "65535:65535"},
		"rootfs": object{"type": "layers", "diff_ids": []string{digest(layer)}},
	})
	if err != nil {
		return err
	}
	describe := func(mediaType string, content []byte) object {
		return object{"mediaType": mediaType, "digest": digest(content), "size": len(content)}
	}
	manifest, err := json.Marshal(object{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"config": describe("application/vnd.oci.image.config.v1+json", config),
		"layers": []object{describe("application/vnd.oci.image.layer.v1.tar", layer)},
	})
	if err != nil {
		return err
	}
	named := describe("application/vnd.oci.image.manifest.v1+json", manifest)
	named["annotations"] = object{"io.containerd.image.name": *name, "org.opencontainers.image.ref.name": *name}
	index, err := json.Marshal(object{"schemaVersion": 2, "manifests": []object{named}})
	if err != nil {
		return err
	}
	archive, err := pack([]entry{
		{"oci-layout", 0o644, []byte(`{"imageLayoutVersion":"1.0.0"}`)},
		{"index.json", 0o644, index},
		blob(manifest), blob(config), blob(layer),
	})
	if err != nil {
		return err
	}
	return os.WriteFile(*out, archive, 0o644)
}

type entry struct {
	name    string
	mode    int64
	content []byte
}

func blob(content []byte) entry {
	return entry{"blobs/sha256/" + digest(content)[len("sha256:"):], 0o644, content}
}

func digest(content []byte) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256(content))
}

// pack makes a tar archive; without times in it, the same content gives the same bytes.
func pack(entries []entry) ([]byte, error) {
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.content))}
		if err := writer.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := writer.Write(e.content); err != nil {
			return nil, err
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}
