// Command parsers tells how the parts of the platform read texts, for tests that compare grammars with them.
//
// It reads a JSON object from standard input, from the name of a parser to a list of texts, and writes one of the same
// shape, with the parser's error, or nothing, in the place of each text.
package main

import (
	_ "crypto/sha256" // a digest of it is known only then
	"encoding/json"
	"log"
	"os"

	"github.com/distribution/reference"
	"github.com/robfig/cron/v3"
)

var withSeconds = cron.NewParser(
	cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

var parsers = map[string]func(string) error{
	"image": func(text string) error {
		_, err := reference.ParseNormalizedNamed(text)
		return err
	},
	"cron": func(text string) error {
		_, err := cron.ParseStandard(text)
		return err
	},
	"cron-with-seconds": func(text string) error {
		_, err := withSeconds.Parse(text)
		return err
	},
}

func main() {
	var questions map[string][]string
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		log.Fatal(err)
	}
	answers := map[string][]string{}
	for name, texts := range questions {
		answers[name] = make([]string, len(texts))
		for place, text := range texts {
			if err := parsers[name](text); err != nil {
				answers[name][place] = err.Error()
			}
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		log.Fatal(err)
	}
}
