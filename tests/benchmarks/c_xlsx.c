/* Write a workbook with the C library libxlsxwriter in constant_memory mode, for comparison.

   c_xlsx FILE STUDY_KINDS EVENT_KINDS PLACE reads lines from standard input. Each has cells between tabs:
     N  name    the next sheet, for the next protocol in the order of the sheets
     H  cells   the headings of that sheet
     S  cells   a study
     E  sheet cells   an event of that study, and the number of its sheet
   Cells are those of PostgreSQL's COPY in its text format. A kind is a letter per column: n number, s text,
   d date, t time, D date and time. Blank cells are left out. All data is the first sheet. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xlsxwriter.h>

#define MOST_COLUMNS 16384
#define MOST_CELLS 512
#define MOST_SHEETS 65536

typedef struct {
    lxw_worksheet *sheet;
    lxw_row_t row;
} Page;

static lxw_format *formats[128];
static Page pages[MOST_SHEETS];

/* Replace the escapes of COPY in a cell. */
static void unescape(char *cell) {
    static const char letters[] = "bfnrtv", values[] = "\b\f\n\r\t\v";
    char *to = cell;
    for (char *from = cell; *from; from++) {
        if (*from == '\\' && from[1]) {
            const char *letter = strchr(letters, *++from);
            *to++ = letter ? values[letter - letters] : *from;
        } else {
            *to++ = *from;
        }
    }
    *to = 0;
}

/* Cut a line at its tabs. Return the number of cells. */
static int split(char *line, char **cells) {
    int count = 0;
    for (char *cell; (cell = strsep(&line, "\t")) && count < MOST_CELLS;) {
        cells[count++] = cell;
    }
    return count;
}

static void write_moment(Page *page, lxw_col_t column, char kind, const char *text) {
    lxw_datetime moment = {0};
    if (kind != 't') {
        sscanf(text, "%d-%d-%d", &moment.year, &moment.month, &moment.day);
    }
    if (kind != 'd') {
        sscanf(text + (kind == 'D' ? 11 : 0), "%d:%d:%lf", &moment.hour, &moment.min, &moment.sec);
    }
    worksheet_write_datetime(page->sheet, page->row, column, &moment, formats[(int)kind]);
}

static void write_cells(Page *page, int first, const char *kinds, char **cells) {
    for (int i = 0; kinds[i] && first + i < MOST_COLUMNS; i++) {
        if (!*cells[i]) {
            continue;
        }
        if (kinds[i] == 'n') {
            worksheet_write_number(page->sheet, page->row, first + i, strtod(cells[i], NULL), NULL);
        } else if (kinds[i] == 's') {
            worksheet_write_string(page->sheet, page->row, first + i, cells[i], NULL);
        } else {
            write_moment(page, first + i, kinds[i], cells[i]);
        }
    }
}

static void unescape_all(char **cells, int count) {
    for (int i = 0; i < count; i++) {
        unescape(cells[i]);
    }
}

int main(int count, char **arguments) {
    if (count != 4) {
        return 2;
    }
    const char *study_kinds = arguments[2], *event_kinds = arguments[3];
    lxw_workbook_options options = {.constant_memory = LXW_TRUE};
    lxw_workbook *book = workbook_new_opt(arguments[1], &options);
    const char *codes[] = {"d", "yyyy-mm-dd", "t", "hh:mm:ss", "D", "yyyy-mm-dd hh:mm:ss"};
    for (int i = 0; i < 6; i += 2) {
        formats[(int)*codes[i]] = workbook_add_format(book);
        format_set_num_format(formats[(int)*codes[i]], codes[i + 1]);
    }
    char *line = NULL, *study = NULL, *cells[MOST_CELLS + 1], *event[MOST_CELLS + 1];
    size_t size = 0;
    int sheets = 0, column = 0, width = (int)strlen(study_kinds);
    for (ssize_t length; (length = getline(&line, &size, stdin)) > 0;) {
        if (line[length - 1] == '\n') {
            line[length - 1] = 0;
        }
        char *content = line + 2;
        if (*line == 'N') {
            pages[sheets++].sheet = workbook_add_worksheet(book, content);
        } else if (*line == 'H') {
            int headings = split(content, event);
            for (int i = 0; i < headings; i++) {
                worksheet_write_string(pages[sheets - 1].sheet, 0, i, event[i], NULL);
            }
        } else if (*line == 'S') {
            free(study);
            study = strdup(content);
            unescape_all(cells, split(study, cells));
            pages[0].row++;
            write_cells(&pages[0], 0, study_kinds, cells);
            column = width;
        } else if (*line == 'E') {
            Page *page = &pages[strtol(strsep(&content, "\t"), NULL, 10)];
            unescape_all(event, split(content, event));
            write_cells(&pages[0], column, event_kinds, event);
            column += (int)strlen(event_kinds);
            page->row++;
            write_cells(page, 0, study_kinds, cells);
            write_cells(page, width, event_kinds, event);
        }
    }
    return workbook_close(book);
}
