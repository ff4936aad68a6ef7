"""openpyxl: a workbook with formulas, formats and a chart, written to a file of Excel and read back."""

import datetime
import io

import openpyxl
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font

book = openpyxl.Workbook()
sheet = book.active
sheet.title = "Sales"
for row in [("city", "amount"), ("Berlin", 10), ("Paris", 30)]:
    sheet.append(row)
sheet["B4"] = "=SUM(B2:B3)"
sheet["A4"] = datetime.date(2026, 3, 1)
sheet["A1"].font = Font(bold=True)
chart = BarChart()
chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3), titles_from_data=True)
sheet.add_chart(chart, "D1")
file = io.BytesIO()
book.save(file)
read = openpyxl.load_workbook(io.BytesIO(file.getvalue()))["Sales"]
assert [[cell.value for cell in row] for row in read["A1:B3"]] == [["city", "amount"], ["Berlin", 10], ["Paris", 30]]
assert read["B4"].value == "=SUM(B2:B3)"
assert read["A4"].value.day == 1
assert read["A1"].font.bold
assert len(read._charts) == 1
print("done")
