package golden

import (
	"bytes"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"

	"tuchuang/internal/api"
)

// fromLine makes the request that a shell would send for a line of curl, with content
// for its file. It knows what the lines of the page have, and refuses all else.
func fromLine(line string, content []byte) (*http.Request, error) {
	words, err := wordsOf(line)
	if err != nil {
		return nil, err
	}
	if len(words) < 3 || words[0] != "curl" || words[1] != "-sS" {
		return nil, fmt.Errorf("%q is no line of curl", line)
	}
	method, target, kind := http.MethodGet, "", ""
	var body bytes.Buffer
	var form *multipart.Writer
	for i := 2; i < len(words); i++ {
		if !strings.HasPrefix(words[i], "-") {
			target = words[i]
			continue
		}
		if i+1 == len(words) {
			return nil, fmt.Errorf("%s has no value", words[i])
		}
		option, value := words[i], words[i+1]
		i++
		name, rest, _ := strings.Cut(value, "=")
		if strings.HasPrefix(option, "-F") || option == "--form-string" {
			method = http.MethodPost
			if form == nil {
				form = multipart.NewWriter(&body)
			}
		}
		switch option {
		case "-X":
			method = value
		case "-H":
			header, text, _ := strings.Cut(value, ": ")
			switch {
			case header == "Content-Type":
				kind = text
			case value != "Authorization: Bearer $TOKEN":
				return nil, fmt.Errorf("an unknown header %q", value)
			}
		case "-d":
			body.WriteString(value)
		case "--form-string":
			err = errors.Join(err, form.WriteField(name, rest))
		case "-F":
			if rest != "@"+api.ExampleFile {
				return nil, fmt.Errorf("an unknown file %q", rest)
			}
			part, e := form.CreateFormFile(name, api.ExampleFile)
			if e == nil {
				_, e = part.Write(content)
			}
			err = errors.Join(err, e)
		default:
			return nil, fmt.Errorf("an unknown option %q", option)
		}
	}
	if form != nil {
		kind = form.FormDataContentType()
		err = errors.Join(err, form.Close())
	}
	if err != nil {
		return nil, err
	}
	return request(method, target, kind, &body)
}

// wordsOf parts a line as a shell does that knows quotes; a variable stays as it is.
func wordsOf(line string) (words []string, err error) {
	word, in, open := "", false, rune(0)
	escaped := false
	for _, r := range line {
		switch {
		case escaped:
			word, escaped = word+string(r), false
		case open == 0 && r == '\\':
			in, escaped = true, true
		case open == 0 && (r == '\'' || r == '"'):
			in, open = true, r
		case open != 0 && r == open:
			open = 0
		case open == '"' && r == '\\':
			return nil, errors.New("a backslash in double quotes")
		case open == 0 && r == ' ':
			if in {
				words = append(words, word)
			}
			word, in = "", false
		case open == 0 && strings.ContainsRune("$`&|;<>()*?[]#~!\n", r):
			return nil, fmt.Errorf("%q without quotes in %s", r, line)
		default:
			word, in = word+string(r), true
		}
	}
	if in {
		words = append(words, word)
	}
	if open != 0 || escaped {
		return nil, fmt.Errorf("%s is cut off", line)
	}
	return words, nil
}
