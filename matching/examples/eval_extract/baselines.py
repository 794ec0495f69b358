"""Reads PDF files with another tool: `baselines.py TOOL ROUNDS FOLDER`, the paths on standard input, one a line.

Writes the text of the n-th file to FOLDER/n.txt and prints, as JSON, the processor seconds of each file in its
quickest round. The time of starting Python and importing the tool does not count.
"""

import json
import pathlib
import sys
import time


def pymupdf_reader():
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)

    def read(content):
        with pymupdf.open(stream=content, filetype="pdf") as document:
            return "\n".join(page.get_text() for page in document)

    return read


def pdfminer_reader():
    import io

    from pdfminer.high_level import extract_text

    return lambda content: extract_text(io.BytesIO(content))


def markitdown_reader():
    import io

    from markitdown import MarkItDown, StreamInfo

    converter = MarkItDown()
    info = StreamInfo(extension=".pdf", mimetype="application/pdf")
    return lambda content: converter.convert_stream(io.BytesIO(content), stream_info=info).text_content


READERS = {"pymupdf": pymupdf_reader, "pdfminer.six": pdfminer_reader, "markitdown": markitdown_reader}


def main():
    tool, rounds, folder = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])
    read = READERS[tool]()
    contents = [pathlib.Path(line.rstrip("\n")).read_bytes() for line in sys.stdin]
    seconds = [float("inf")] * len(contents)
    failed = 0
    for turn in range(rounds):
        for index, content in enumerate(contents):
            start = time.process_time()
            try:
                text = read(content)
            except Exception as error:  # Whatever it is, the tool cannot read this file.
                text = ""
                failed += turn == 0
                print(f"{tool}: file {index}: {type(error).__name__}", file=sys.stderr)
            seconds[index] = min(seconds[index], time.process_time() - start)
            if turn == 0:
                (folder / f"{index}.txt").write_text(text, encoding="utf-8", errors="replace")
    json.dump({"seconds": seconds, "failed": failed}, sys.stdout)


main()
